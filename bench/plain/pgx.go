package plain

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// columns are those of a User.
const columns = "id, password, last_login, is_superuser, username, first_name, last_name, email, " +
	"is_staff, is_active, date_joined"

// pgxRows asks PostgreSQL by pgx, which prepares each statement once a connection.
type pgxRows struct{ pool *pgxpool.Pool }

// PostgreSQL returns the rows of a database by pgx.
func PostgreSQL(ctx context.Context, url string) (Rows, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return pgxRows{pool}, err
}

func (p pgxRows) Session(ctx context.Context, key string, now time.Time) (data string, err error) {
	const query = "SELECT session_data FROM django_session WHERE session_key = $1 AND expire_date > $2"
	return data, nobody(p.pool.QueryRow(ctx, query, key, now).Scan(&data))
}

func (p pgxRows) User(ctx context.Context, id int64) (User, error) {
	return scanUser(p.pool.QueryRow(ctx, "SELECT "+columns+" FROM auth_user WHERE id = $1", id))
}

func (p pgxRows) UserByName(ctx context.Context, name string) (User, error) {
	return scanUser(p.pool.QueryRow(ctx, "SELECT "+columns+" FROM auth_user WHERE username = $1", name))
}

func (p pgxRows) Login(ctx context.Context, user int64, key, data string, expires, now time.Time) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE auth_user SET last_login = $1 WHERE id = $2", now, user)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO django_session (session_key, session_data, expire_date) "+
			"VALUES ($1, $2, $3)", key, data, expires)
		return err
	})
}

// scanUser reads the columns.
func scanUser(row interface{ Scan(...any) error }) (u User, err error) {
	return u, nobody(row.Scan(&u.ID, &u.Password, &u.LastLogin, &u.Superuser, &u.Username, &u.First, &u.Last,
		&u.Email, &u.Staff, &u.Active, &u.Joined))
}

func nobody(err error) error {
	if errors.Is(err, pgx.ErrNoRows) { // sql.ErrNoRows too
		return ErrNobody
	}
	return err
}
