package dialect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// AloneInTx creates an Alone for an engine whose DDL is transactional: fn runs in
// one transaction, whose first statement (none if empty) takes the lock.
func AloneInTx(lock string) func(context.Context, *sql.DB, func(context.Context, Conn) error) error {
	return func(ctx context.Context, db *sql.DB, fn func(context.Context, Conn) error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
		if lock != "" {
			if _, err := tx.ExecContext(ctx, lock); err != nil {
				return fmt.Errorf("lock: %w", err)
			}
		}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	}
}

// AloneByName creates an Alone for MySQL, whose DDL commits as it goes: fn runs on
// one connection that holds a named lock of the server. It must therefore bear
// to be broken off and run again.
func AloneByName() func(context.Context, *sql.DB, func(context.Context, Conn) error) error {
	const name = "CONCAT('coatcheck:', SHA1(DATABASE()))"
	return func(ctx context.Context, db *sql.DB, fn func(context.Context, Conn) error) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // it only goes back to the pool
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", 60)").Scan(&got); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		if got.Int64 != 1 {
			return errors.New("lock: another node kept it for a minute")
		}
		defer func() {
			_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+name+")")
			if unlockErr != nil { // the lock goes with its connection
				_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			}
		}()
		return fn(ctx, conn)
	}
}
