package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/own"
)

// migrateLock is the number of the advisory lock that Migrate takes: "coatchk".
const migrateLock = "27988487049537643"

// Config specifies what to open. Only DSN is required, and not for From.
type Config struct {
	// DSN is a URL postgres://user:password@host:port/name?parameter=value, or
	// libpq's host=... dbname=..., as pgx takes them. PGHOST, PGPASSWORD and so
	// on stand in for what it leaves out.
	DSN string
	// Location is nil where Django has USE_TZ True (its default since 5.0), or a
	// new site; where it has USE_TZ False, Django's TIME_ZONE. PostgreSQL stores
	// instants, so it changes no row here: see [database.DB.Location].
	Location *time.Location
	// UserModel specifies where the users are, if not in auth_user.
	UserModel database.UserModel
	// NoCreate leaves absent tables absent. Use [database.DB.Migrate] later.
	NoCreate bool
}

// Open connects to the database of this DSN, see [Config], and creates Django's
// tables in it where they are absent.
func Open(ctx context.Context, dsn string) (*database.DB, error) {
	return Config{DSN: dsn}.Open(ctx)
}

// Open connects to the database and, unless NoCreate is set, creates Django's
// tables where they are absent. No error of it holds the password.
func (c Config) Open(ctx context.Context) (*database.DB, error) {
	config, err := pgxpool.ParseConfig(c.DSN)
	if err != nil || c.DSN == "" {
		// pgx's own text quotes the DSN, and finds the password only at best effort.
		return nil, errors.New("postgres: the DSN cannot be parsed; " +
			"write postgres://user:password@host:port/name, special characters of the password percent-encoded")
	}
	// Whatever the encoding of the database: what goes over the wire is Go's UTF-8.
	config.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	if err := look(ctx, config, c.DSN); err != nil {
		return nil, fmt.Errorf("postgres: connect: %w", redact(err, config))
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", redact(err, config))
	}
	// The pool of database/sql borrows connections of pgx's, which also reads rows past it:
	// one that kept some idle would starve those reads. A program gets another.
	program := stdlib.OpenDB(*config.ConnConfig)
	program.SetMaxOpenConns(int(config.MaxConns))
	program.SetConnMaxIdleTime(config.MaxConnIdleTime)
	return c.on(ctx, pool, dialect.Source{Own: program, Close: func() error { pool.Close(); return nil }})
}

// From is [Config.From] with the defaults.
func From(ctx context.Context, pool *pgxpool.Pool) (*database.DB, error) {
	return Config{}.From(ctx, pool)
}

// From accepts a pool that the program has already, in the place of a DSN. The program closes
// the pool, after the DB. Statements of the program join a transaction of [database.DB.Tx]
// by [database.DB.SQL]; what it does on the pool itself, and in transactions that it
// began there, is apart.
//
// The pool must have client_encoding UTF8 and a DateStyle that begins with ISO, which are
// the usual ones; otherwise From returns an error. Its search_path says where the tables
// are, and its limits hold for Coatcheck too: a request needs one connection at a time.
// Behind PgBouncer in transaction mode, set DefaultQueryExecMode to pgx.QueryExecModeExec
// yourself. The time zone of the connections does not matter.
func (c Config) From(ctx context.Context, pool *pgxpool.Pool) (*database.DB, error) {
	switch {
	case pool == nil:
		return nil, errors.New("postgres: the pool is nil; give one that pgxpool.New returned")
	case c.DSN != "":
		return nil, errors.New("postgres: Config.DSN is set, and a pool is given; leave one of them out")
	}
	if err := suits(ctx, pool); err != nil {
		return nil, fmt.Errorf("postgres: %w", redact(err, pool.Config()))
	}
	return c.on(ctx, pool, dialect.Source{})
}

// suits refuses a pool that would spoil rows.
func suits(ctx context.Context, pool *pgxpool.Pool) error {
	for _, setting := range []struct{ name, want, remedy string }{
		{"client_encoding", "UTF8", `set RuntimeParams["client_encoding"] = "UTF8" of its ConnConfig`},
		{"DateStyle", "ISO", `set RuntimeParams["datestyle"] = "ISO" of its ConnConfig`},
	} {
		var value string
		if err := pool.QueryRow(ctx, "SELECT current_setting('"+setting.name+"')", pgx.QueryExecModeExec).Scan(&value); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		if !strings.HasPrefix(value, setting.want) {
			return fmt.Errorf("the pool's connections have %s %s, and %s is needed; %s", setting.name, value, setting.want, setting.remedy)
		}
	}
	return nil
}

// on creates a DB of a pool.
func (c Config) on(ctx context.Context, pool *pgxpool.Pool, from dialect.Source) (*database.DB, error) {
	from.Pool, from.Create, from.Channel = stdlib.OpenDBFromPool(pool), !c.NoCreate, channel(pool)
	from.Row = func(ctx context.Context, text string, args, dest []any) error {
		return scan(pool.QueryRow(ctx, text, args...), dest) // its ErrNoRows is sql's
	}
	from.Rows = func(ctx context.Context, text string, args []any, each func(dialect.Scan) error) error {
		rows, err := pool.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(func(dest ...any) error { return scan(rows, dest) }); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	db, err := database.New(ctx, from, spoken(c.Location), c.UserModel, own.Annex("postgres"))
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return db, nil
}

// redact ensures that an error does not hold the password: pgx does not put
// it there, and a server's or proxy's text might.
func redact(err error, config *pgxpool.Config) error {
	secret := config.ConnConfig.Password
	if secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), secret, "****"))
}

// spoken is PostgreSQL's dialect.
func spoken(loc *time.Location) dialect.Dialect {
	return dialect.Dialect{
		Name:       "postgres",
		Style:      dialect.Dollar,
		Location:   loc,
		NativeTime: true,
		Unprepared: pgx.QueryExecModeExec,
		Returning:  true,
		OnConflict: true,
		IntCast:    "::bigint",
		TimeCast:   "::timestamptz",
		UpdateFrom: true,
		UUIDCast:   "::uuid",
		AsText:     func(column string) string { return column + "::text" },
		ForUpdate:  " FOR UPDATE",
		FoldUpper:  true,
		Alike: func(column, mark string) string { // in every encoding, and whatever the server's language
			return "LOWER(" + column + `::text COLLATE "C") = ` + mark + " OR " + column + "::text ~ '[^ -~]'"
		},
		Isolation:  sql.LevelReadCommitted, // each statement sees what others committed
		SkipLocked: " FOR UPDATE SKIP LOCKED",
		Triggers:   triggers,
		Now:        "CURRENT_TIMESTAMP",
		Tables: "SELECT c.relname FROM pg_catalog.pg_class c" +
			" WHERE c.relkind IN ('r', 'p', 'v', 'f') AND pg_catalog.pg_table_is_visible(c.oid)",
		Elsewhere: "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" +
			" WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND NOT pg_catalog.pg_table_is_visible(c.oid)",
		Remedy: "add it to the search path: search_path=NAME in the DSN, or ALTER ROLE … SET search_path " +
			"(or GRANT USAGE ON SCHEMA, if it is there already)",
		PathChosen: "SELECT 1 FROM pg_catalog.pg_settings WHERE name = 'search_path' AND source <> 'default'",
		OptionalUnique: "SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid" +
			" WHERE a.attrelid = to_regclass(quote_ident(?1)) AND a.attname = ?2 AND NOT a.attnotnull AND i.indisunique AND i.indnkeyatts = 1" +
			" AND (i.indkey[0] = a.attnum OR pg_get_indexdef(i.indexrelid, 1, true) ~ ('\\m' || a.attname || '\\M'))",
		Charsets: "SELECT '', current_setting('server_encoding') WHERE ?1::text <> ''" +
			" AND current_setting('server_encoding') NOT IN ('UTF8', 'SQL_ASCII')",
		Holds:    func(string) string { return "SELECT 1 WHERE ?1::text <> ''" }, // an error where it does not
		Classify: classify,
		Alone:    dialect.AloneInTx("SELECT pg_advisory_xact_lock(" + migrateLock + ")"),
	}
}

// classify reports what an error means, mostly by its SQLSTATE.
func classify(err error) dialect.Class {
	var connect *pgconn.ConnectError
	var failure *pgconn.PgError
	switch {
	case errors.As(err, &connect): // pgx has tried every host
		return dialect.Other
	case pgconn.SafeToRetry(err): // the statement never left
		return dialect.Transient
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return dialect.Lost
	case !errors.As(err, &failure):
		return dialect.Other
	}
	switch failure.Code {
	case "23505": // unique_violation
		return dialect.Duplicate
	case "23503", "23001": // foreign_key_violation, restrict_violation
		return dialect.Referenced
	case "25006": // read_only_sql_transaction
		return dialect.ReadOnly
	case "23502": // not_null_violation
		return dialect.Missing
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return dialect.Transient
	case "26000", "42P05": // invalid_sql_statement_name, duplicate_prepared_statement: a pooler
		return dialect.Stale
	case "0A000": // feature_not_supported, also "cached plan must not change result type"
		return dialect.Stale
	case "57P01", "57P02": // admin_shutdown, crash_shutdown
		return dialect.Lost
	case "22001", "22021", "22008", "22P05": // too long, bad characters, time out of range
		return dialect.Invalid
	}
	return dialect.Other
}
