package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
)

// UserByID fetches the user with this id, or ErrNotFound.
func (db *DB) UserByID(ctx context.Context, id string) (*User, error) {
	n, ok := db.userKey(id)
	if !ok {
		return nil, fmt.Errorf("database: user: %w", ErrNotFound)
	}
	memory := db.memory(ctx)
	if memory == nil {
		return db.userAlong(ctx, n, id)
	}
	known, mark := memory.Get(id)
	if known != nil {
		flow.Emit(ctx, "user.remembered")
		return known.copied(), nil
	}
	u, err := db.userAlong(ctx, n, id)
	if err == nil {
		memory.Keep(u.copied(), mark)
	}
	return u, err
}

// userAlong returns the user who was read along with the session, or asks the database.
func (db *DB) userAlong(ctx context.Context, n any, id string) (*User, error) {
	along := db.along(ctx)
	if u := along.take(id); u != nil {
		return u, nil
	}
	u, err := db.userByID(ctx, n, id)
	if err == nil {
		along.learn(u)
	}
	return u, err
}

// userByID asks the database for a user, by the argument that is the ID.
func (db *DB) userByID(ctx context.Context, n any, id string) (*User, error) {
	if !db.Facts().Has(db.annex.Endings) {
		return db.user(ctx, &db.queries.userByID, n)
	}
	row := db.newUserRow()
	if err := db.rowOf(ctx, &db.queries.userAndEnding, row, []any{n, id}, row.destEnding()...); err != nil {
		return nil, absent("user", err)
	}
	return row.finish(), nil
}

// LockUser fetches the user and keeps everybody else from changing the row until the
// transaction of this handle ends; see [DB.Tx]. Or ErrNotFound.
func (db *DB) LockUser(ctx context.Context, id string) (*User, error) {
	if db.in(ctx).tx == nil {
		return nil, errors.New("database: lock user: not within a transaction")
	}
	n, ok := db.userKey(id)
	if !ok {
		return nil, fmt.Errorf("database: lock user: %w", ErrNotFound)
	}
	if err := db.row(ctx, &db.queries.lockUser, []any{n}, new(int)); err != nil {
		return nil, absent("lock user", err)
	}
	return db.UserByID(ctx, id)
}

// UserByUsername fetches the user with this name as the database compares:
// exactly on SQLite and PostgreSQL; on MySQL, under its default collations,
// without regard to case, accents and trailing spaces, as Django does there. Or
// ErrNotFound.
func (db *DB) UserByUsername(ctx context.Context, username string) (*User, error) {
	if !column.Storable(username) {
		return nil, fmt.Errorf("database: user: %w", ErrNotFound)
	}
	return db.user(ctx, &db.queries.userByName, username)
}

// UserByUsernameFold fetches the user with this name without regard to case, or
// ErrNotFound. SQLite folds ASCII only. Of several it prefers the exact one,
// then the oldest. Django: username__iexact.
func (db *DB) UserByUsernameFold(ctx context.Context, username string) (*User, error) {
	if !column.Storable(username) {
		return nil, fmt.Errorf("database: user: %w", ErrNotFound)
	}
	return db.user(ctx, &db.queries.userByFold, db.dialect.FoldArg(username), username)
}

// UsernameTaken reports whether a user has this name, without regard to case, as
// Django's sign-up form asks since 4.2.
func (db *DB) UsernameTaken(ctx context.Context, username string) (bool, error) {
	if !column.Storable(username) {
		return false, nil
	}
	return db.exists(ctx, &db.queries.nameTaken, db.dialect.FoldArg(username))
}

// UsersByEmail lists the active users with this email address without regard to
// case, the oldest first: whom a password reset is for. The address is not
// unique. Send email only to what the row holds: what looks the same may not be.
// Django: PasswordResetForm.get_users, without its look at the password.
func (db *DB) UsersByEmail(ctx context.Context, email string) ([]*User, error) {
	if !column.Storable(email) || email == "" {
		return nil, nil
	}
	var all []*User
	args := []any{db.dialect.FoldArg(email)}
	if db.users.column["is_active"] != "" {
		args = append(args, true)
	}
	err := db.rows(ctx, &db.queries.usersByEmail, args, func(rows *sql.Rows) error {
		row := db.newUserRow()
		err := rows.Scan(row.dest()...)
		all = append(all, row.finish())
		return err
	}, func() { all = nil })
	return all, err
}

// user fetches one user.
func (db *DB) user(ctx context.Context, q *dialect.Query, args ...any) (*User, error) {
	row := db.newUserRow()
	if err := db.rowOf(ctx, q, row, args, row.dest()...); err != nil {
		return nil, absent("user", err)
	}
	return row.finish(), nil
}

// exists runs a query for which any row means yes.
func (db *DB) exists(ctx context.Context, q *dialect.Query, args ...any) (bool, error) {
	var one int
	err := db.row(ctx, q, args, &one)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// insert runs an INSERT and returns the new id, or ErrDuplicate.
func (db *DB) insert(ctx context.Context, q *dialect.Query, args ...any) (string, error) {
	var id int64
	if db.dialect.Returning {
		err := db.row(ctx, q, args, &id)
		if errors.Is(err, ErrNotFound) { // ON CONFLICT DO NOTHING
			err = fmt.Errorf("database: %s: %w", q.Name, ErrDuplicate)
		}
		return strconv.FormatInt(id, 10), err
	}
	result, err := db.result(ctx, q, args)
	if err != nil {
		return "", err
	}
	if count, err := result.RowsAffected(); err != nil || count == 0 {
		return "", fmt.Errorf("database: %s: %w", q.Name, errors.Join(err, ErrDuplicate))
	}
	id, err = result.LastInsertId()
	return strconv.FormatInt(id, 10), db.explain(q, err)
}

// touchUser runs an UPDATE of the user with this id.
func (db *DB) touchUser(ctx context.Context, q *dialect.Query, id string, args ...any) error {
	n, ok := db.userKey(id)
	if !ok {
		return fmt.Errorf("database: %s: %w", q.Name, ErrNotFound)
	}
	count, err := db.exec(writing(ctx, id), q, append([]any{n}, args...)...)
	if err == nil && count == 0 {
		err = fmt.Errorf("database: %s: %w", q.Name, ErrNotFound)
	}
	return err
}

// SetLastLogin writes last_login and nothing else; the zero time writes NULL.
// ErrNotFound where there is no such user. A user model without the field has
// nothing to write.
func (db *DB) SetLastLogin(ctx context.Context, id string, at time.Time) error {
	if err := db.checkTime("last_login", at); err != nil {
		return err
	}
	if db.queries.setLastLogin.Text == "" {
		return nil
	}
	return db.touchUser(ctx, &db.queries.setLastLogin, id, db.nullTime(at))
}

// SetPassword writes the hash, whatever the row held. To change a password that
// was checked before, use ReplacePassword. ErrNotFound where there is no such
// user.
func (db *DB) SetPassword(ctx context.Context, id string, hash password.Hash) error {
	if err := column.Check(column.Of("password", string(hash), 128)); err != nil {
		return err
	}
	return db.touchUser(ctx, &db.queries.setPassword, id, string(hash))
}

// ReplacePassword writes the new hash only where the row still holds the old
// one, byte for byte. It reports whether it did: false means that the user is
// gone or the password was changed concurrently.
func (db *DB) ReplacePassword(ctx context.Context, id string, old, new password.Hash) (bool, error) {
	if err := column.Check(column.Of("password", string(new), 128)); err != nil {
		return false, err
	}
	n, ok := db.userKey(id)
	if !ok || !column.Storable(string(old)) {
		return false, nil
	}
	count, err := db.exec(ctx, &db.queries.replacePassword, n, string(new), string(old))
	return count > 0, err
}

// DeleteUser deletes the user with everything that Django's models cascade to:
// memberships, permissions, and lines of the admin log. Sessions do not name
// their user and stay, good for nothing. ErrNotFound where there is no such
// user, ErrReferenced where a program's own table refers to the user.
func (db *DB) DeleteUser(ctx context.Context, id string) error {
	n, ok := db.userKey(id)
	if !ok {
		return fmt.Errorf("database: delete user: %w", ErrNotFound)
	}
	return db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		q := tx.queries
		if err := tx.row(ctx, &q.lockUser, []any{n}, new(int)); err != nil {
			return absent("delete user", err)
		}
		present, err := tx.tables(ctx)
		if err != nil {
			return err
		}
		steps := []*dialect.Query{&q.deleteUserGroups, &q.deleteUserPermissions, &q.deleteUserLog, &q.deleteUser}
		for _, step := range steps {
			if step == &q.deleteUserLog && !present["django_admin_log"] {
				continue
			}
			if _, err := tx.exec(ctx, step, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// absent names what is not there, where that is the error.
func absent(what string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("database: %s: %w", what, ErrNotFound)
	}
	return err
}

// tables lists the tables that an unqualified name finds.
func (db *DB) tables(ctx context.Context) (map[string]bool, error) {
	var present map[string]bool
	err := db.rows(ctx, &db.queries.tables, nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		present[name] = true
		return err
	}, func() { present = map[string]bool{} })
	return present, err
}
