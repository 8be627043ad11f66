package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/own"
)

// busyTimeout is how long a statement waits for another process's write; the
// same as Django's default.
const busyTimeout = 5 * time.Second

// Config specifies what to open. Only DSN is required.
type Config struct {
	// DSN is a path, "sqlite:" and a path, a "file:" URI with SQLite's
	// parameters, or ":memory:" for a database that lives as long as the DB. The
	// folder has to exist; the file need not, and is then made for its owner
	// only (0600).
	DSN string
	// Location is nil where Django has USE_TZ True (its default since 5.0), or a
	// new site: times are stored in UTC. Where it has USE_TZ False it is
	// Django's TIME_ZONE, in whose naive local time the columns are.
	Location *time.Location
	// UserModel specifies where the users are, if not in auth_user.
	UserModel database.UserModel
	// NoCreate leaves absent tables absent. Use [database.DB.Migrate] later.
	NoCreate bool
	// ReadOnly opens a file that is there to look at it: nothing in it changes. It goes
	// with NoCreate.
	ReadOnly bool
}

// Open opens the database of this DSN, see [Config], and creates Django's
// tables in it where they are absent.
func Open(ctx context.Context, dsn string) (*database.DB, error) {
	return Config{DSN: dsn}.Open(ctx)
}

// Open opens the database and, unless NoCreate is set, creates Django's tables
// where they are absent.
func (c Config) Open(ctx context.Context) (*database.DB, error) {
	src, err := parse(c.DSN)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if c.ReadOnly && !c.NoCreate {
		return nil, errors.New("sqlite: Config.ReadOnly creates no tables; set NoCreate too")
	}
	if c.ReadOnly {
		src.onlyLook()
	}
	if err := src.prepare(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	from, err := connect(ctx, src)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open %s: %w", src.shown, err), src.release())
	}
	from.Create = !c.NoCreate
	db, err := database.New(ctx, from, spoken(c.Location), c.UserModel, own.Annex("sqlite"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", src.shown, err)
	}
	return db, nil
}

// connect opens the two pools.
func connect(ctx context.Context, src *source) (dialect.Source, error) {
	writer, err := driver.Open(src.uri, func(conn *sqlite3.Conn) error { return src.setUp(conn, false) })
	if err != nil {
		return dialect.Source{}, errors.New("the DSN cannot be parsed")
	}
	writer.SetMaxOpenConns(1)
	reader, err := driver.Open(src.uri, func(conn *sqlite3.Conn) error { return src.setUp(conn, true) })
	if err != nil {
		return dialect.Source{}, errors.Join(errors.New("the DSN cannot be parsed"), writer.Close())
	}
	readers := max(4, runtime.NumCPU())
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	// The writer goes first: it makes the file, and a new one switches it to WAL.
	for _, pool := range []*sql.DB{writer, reader} {
		if err := ping(ctx, pool); err != nil {
			return dialect.Source{}, errors.Join(err, reader.Close(), writer.Close())
		}
	}
	rows := newRowReader(readers, src.openReader)
	return dialect.Source{
		Pool: writer, Reader: reader, Row: rows.row, Channel: src.channel(),
		Close: func() error { return errors.Join(rows.close(), src.release()) },
	}, nil
}

// openReader opens a connection that only reads.
func (src *source) openReader() (*sqlite3.Conn, error) {
	conn, err := sqlite3.Open(src.uri)
	if err != nil {
		return nil, err
	}
	if err := src.setUp(conn, true); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// ping connects, again if another process is just switching the file to WAL,
// which no busy timeout covers.
func ping(ctx context.Context, pool *sql.DB) (err error) {
	for pause := 5 * time.Millisecond; pause < time.Second; pause *= 2 {
		if err = pool.PingContext(ctx); classify(err) != dialect.Transient {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return err
}

// setUp sets a new connection up.
func (src *source) setUp(conn *sqlite3.Conn, readOnly bool) error {
	if err := conn.BusyTimeout(busyTimeout); err != nil {
		return err
	}
	statements := []string{"PRAGMA foreign_keys = ON"}
	switch {
	case readOnly || src.looks:
		statements = append(statements, "PRAGMA query_only = ON")
	case src.fresh: // a file that others made keeps the mode that they gave it
		statements = append(statements, "PRAGMA journal_mode = WAL")
	}
	if !src.synchronous {
		statements = append(statements, "PRAGMA synchronous = FULL")
	}
	return conn.Exec(strings.Join(statements, "; "))
}

// spoken is SQLite's dialect.
func spoken(loc *time.Location) dialect.Dialect {
	return dialect.Dialect{
		Name:        "sqlite",
		Style:       dialect.Ordinal,
		Location:    loc,
		TimeText:    true,
		PrefixRange: true,
		Prepare:     true,
		OnConflict:  true,
		UpdateFrom:  true,
		AsText:      asText,
		Alike: func(column, mark string) string {
			return column + " = " + mark + " COLLATE NOCASE OR length(" + column + ") <> octet_length(" + column + ")"
		},
		Now:    "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
		Tables: "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
		// An index of one column, or of an expression that names it.
		OptionalUnique: "SELECT 1 FROM pragma_table_info(?1) c, pragma_index_list(?1) i WHERE c.name = ?2 AND NOT c.\"notnull\" AND i.\"unique\"" +
			" AND (SELECT count(*) FROM pragma_index_info(i.name)) = 1 AND EXISTS (SELECT 1 FROM pragma_index_info(i.name) x" +
			" WHERE x.name = c.name OR x.name IS NULL AND instr((SELECT sql FROM sqlite_master m WHERE m.name = i.name), c.name))",
		Classify: classify,
		Alone:    dialect.AloneInTx(""), // a transaction that writes begins IMMEDIATE
	}
}

// asText keeps every digit of a float, which SQLite's own cast does not.
func asText(column string) string {
	return "CASE typeof(" + column + ") WHEN 'real' THEN printf('%!.17g', " + column + ") ELSE CAST(" + column + " AS TEXT) END"
}

// classify reports what an error means. The driver gives most as an Error, and some as the
// bare code.
func classify(err error) dialect.Class {
	var code sqlite3.ErrorCode
	var extended sqlite3.ExtendedErrorCode
	errors.As(err, &extended)
	switch extended {
	case sqlite3.CONSTRAINT_UNIQUE, sqlite3.CONSTRAINT_PRIMARYKEY:
		return dialect.Duplicate
	case sqlite3.CONSTRAINT_FOREIGNKEY:
		return dialect.Referenced
	case sqlite3.CONSTRAINT_NOTNULL:
		return dialect.Missing
	}
	errors.As(err, &code)
	switch code {
	case sqlite3.BUSY, sqlite3.LOCKED:
		return dialect.Transient
	case sqlite3.READONLY:
		return dialect.ReadOnly
	case sqlite3.TOOBIG:
		return dialect.Invalid
	}
	return dialect.Other
}
