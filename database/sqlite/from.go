package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/own"
)

// From is [Config.From] with the defaults.
func From(ctx context.Context, pool *sql.DB) (*database.DB, error) {
	return Config{}.From(ctx, pool)
}

// From accepts a pool that the program has already, in the place of a DSN. The program closes
// the pool, after the DB. Statements of the program join a transaction of [database.DB.Tx]
// by [database.DB.SQL]; what it does on the pool itself, and in transactions that it
// began there, is apart.
//
// The pool must be one of github.com/ncruces/go-sqlite3/driver, whose connections have a
// busy timeout, PRAGMA foreign_keys = ON, and transactions that begin IMMEDIATE, as they do
// unless _txlock says otherwise; if not, From returns an error:
//
//	sql.Open("sqlite3", "file:app.db?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
//
// A database in memory needs SetMaxOpenConns(1), since each connection would have its own, or
// the driver's shared one. With one connection, whoever keeps rows or a transaction
// open and asks again without its context waits for ever. [Open] is faster, with a
// connection that writes and several that read.
func (c Config) From(ctx context.Context, pool *sql.DB) (*database.DB, error) {
	switch {
	case pool == nil:
		return nil, errors.New("sqlite: the pool is nil; give one that sql.Open returned")
	case c.DSN != "":
		return nil, errors.New("sqlite: Config.DSN is set, and a pool is given; leave one of them out")
	case c.ReadOnly:
		return nil, errors.New("sqlite: Config.ReadOnly is for a DSN, and a pool is given; leave one of them out")
	}
	if err := suits(ctx, pool); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	from := dialect.Source{Pool: pool, Create: !c.NoCreate, Lent: true}
	db, err := database.New(ctx, from, spoken(c.Location), c.UserModel, own.Annex("sqlite"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return db, nil
}

// suits refuses a pool that would spoil rows or lose writes.
func suits(ctx context.Context, pool *sql.DB) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it only goes back to the pool
	ours := false
	if err := conn.Raw(func(c any) error { _, ours = c.(driver.Conn); return nil }); err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("the pool is of the driver %T, and one of github.com/ncruces/go-sqlite3/driver is needed", pool.Driver())
	}
	var foreignKeys, timeout int
	var file string
	for _, setting := range []struct {
		query string
		value any
	}{
		{"PRAGMA foreign_keys", &foreignKeys},
		{"PRAGMA busy_timeout", &timeout},
		{"SELECT file FROM pragma_database_list WHERE name = 'main'", &file},
	} {
		if err := conn.QueryRowContext(ctx, setting.query).Scan(setting.value); err != nil {
			return fmt.Errorf("%s: %w", setting.query, err)
		}
	}
	switch {
	case foreignKeys == 0:
		return errors.New("the pool's connections have PRAGMA foreign_keys = OFF; add _pragma=foreign_keys(1) to the DSN of the pool")
	case timeout == 0:
		return errors.New("the pool's connections have no busy timeout; add _pragma=busy_timeout(5000) to the DSN of the pool")
	case file == "" && pool.Stats().MaxOpenConnections != 1:
		return errors.New("each connection of the pool has a database of its own in memory; call its SetMaxOpenConns(1)")
	}
	return immediate(ctx, conn)
}

// immediate refuses connections whose transactions begin without the lock for writing:
// one that reads and then writes would fail, and not wait, where another wrote.
func immediate(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if classify(err) == dialect.Transient {
		return nil // another process writes: so this one would have waited for the lock
	}
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was done
	locked := false
	if err := conn.Raw(func(c any) error {
		locked = c.(driver.Conn).Raw().TxnState("main") == sqlite3.TXN_WRITE
		return nil
	}); err != nil {
		return err
	}
	if !locked {
		return errors.New("transactions of the pool begin deferred; set _txlock=immediate in the DSN of the pool")
	}
	return nil
}
