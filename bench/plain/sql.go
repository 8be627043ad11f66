package plain

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// sqlRows asks by database/sql, with statements that are prepared at the start.
type sqlRows struct {
	pool                  *sql.DB // writes
	session, user, name   *sql.Stmt
	keepLogin, addSession string
	bind                  func(time.Time) any
}

// SQL returns the rows of a database whose drivers have "?" for arguments; times go to it as
// bind returns them. SQLite reads and writes by pools of their own: one writes at a time.
func SQL(ctx context.Context, read, write *sql.DB, bind func(time.Time) any) (Rows, error) {
	s := sqlRows{
		pool: write, bind: bind,
		keepLogin:  "UPDATE auth_user SET last_login = ? WHERE id = ?",
		addSession: "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)",
	}
	var errs [3]error
	s.session, errs[0] = read.PrepareContext(ctx,
		"SELECT session_data FROM django_session WHERE session_key = ? AND expire_date > ?")
	s.user, errs[1] = read.PrepareContext(ctx, "SELECT "+columns+" FROM auth_user WHERE id = ?")
	s.name, errs[2] = read.PrepareContext(ctx, "SELECT "+columns+" FROM auth_user WHERE username = ?")
	return s, errors.Join(errs[:]...)
}

// Text is a time as Django keeps it in SQLite.
func Text(t time.Time) any { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// UTC is a time as go-sql-driver binds it.
func UTC(t time.Time) any { return t.UTC() }

func (s sqlRows) Session(ctx context.Context, key string, now time.Time) (data string, err error) {
	return data, nobody(s.session.QueryRowContext(ctx, key, s.bind(now)).Scan(&data))
}

func (s sqlRows) User(ctx context.Context, id int64) (User, error) {
	return scanUser(s.user.QueryRowContext(ctx, id))
}

func (s sqlRows) UserByName(ctx context.Context, name string) (User, error) {
	return scanUser(s.name.QueryRowContext(ctx, name))
}

func (s sqlRows) Login(ctx context.Context, user int64, key, data string, expires, now time.Time) error {
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, s.keepLogin, s.bind(now), user); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.addSession, key, data, s.bind(expires)); err != nil {
		return err
	}
	return tx.Commit()
}

// SQLite opens a file by a driver of database/sql: a few connections read, one writes.
func SQLite(ctx context.Context, driver, uri string) (Rows, error) {
	read, err := sql.Open(driver, uri)
	if err != nil {
		return nil, err
	}
	const readers = 4
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	write, err := sql.Open(driver, uri)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	return SQL(ctx, read, write, Text)
}
