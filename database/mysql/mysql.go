package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/own"
)

// Config specifies what to open. Only DSN is required.
type Config struct {
	// DSN is a URL mysql://user:password@host:port/name?parameter=value, or
	// go-sql-driver's user:password@tcp(host:port)/name?parameter=value. A Unix
	// socket is mysql://user@/name?unix_socket=/run/mysqld/mysqld.sock, or
	// user@unix(/run/mysqld/mysqld.sock)/name. The parameters are
	// go-sql-driver's (tls, timeout, readTimeout, ...); those that rows depend
	// on are set here, whatever the DSN says: utf8mb4, UTC, found rows, strict
	// mode, client-side interpolation.
	DSN string
	// Location is nil where Django has USE_TZ True (its default since 5.0), or a
	// new site: times are stored in UTC. Where it has USE_TZ False it is
	// Django's TIME_ZONE, in whose naive local time the columns are.
	Location *time.Location
	// UserModel specifies where the users are, if not in auth_user.
	UserModel database.UserModel
	// NoCreate leaves absent tables absent. Use [database.DB.Migrate] later.
	NoCreate bool
}

// idle bounds how long an unused connection is kept: less than the wait_timeout
// of common proxies and servers.
const idle = 3 * time.Minute

// maxConns bounds the connections; MySQL's own default limit is 151 for all.
const maxConns = 32

// Open connects to the database of this DSN, see [Config], and creates Django's
// tables in it where they are absent.
func Open(ctx context.Context, dsn string) (*database.DB, error) {
	return Config{DSN: dsn}.Open(ctx)
}

// Open connects to the database and, unless NoCreate is set, creates Django's
// tables where they are absent. No error of it holds the password.
func (c Config) Open(ctx context.Context) (*database.DB, error) {
	config, err := parse(c.DSN)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", redact(err, config))
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	pool.SetConnMaxIdleTime(idle)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("mysql: connect to %s: %w", config.Addr, redact(err, config)), pool.Close())
	}
	from := dialect.Source{Pool: pool, Create: !c.NoCreate}
	db, err := database.New(ctx, from, spoken(c.Location), c.UserModel, own.Annex("mysql"))
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	return db, nil
}

// redact ensures that an error does not hold the password.
func redact(err error, config *driver.Config) error {
	if config.Passwd == "" || !strings.Contains(err.Error(), config.Passwd) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), config.Passwd, "****"))
}

// quiet keeps the driver from writing to standard error; its errors come back.
var quiet = log.New(io.Discard, "", 0)

// spoken is MySQL's dialect.
func spoken(loc *time.Location) dialect.Dialect {
	return dialect.Dialect{
		Name:       "mysql",
		Style:      dialect.Bare,
		Location:   loc,
		BinaryCast: true,
		Backticks:  true,
		AsText:     func(column string) string { return "CAST(" + column + " AS CHAR)" },
		Alike: func(column, mark string) string { // under every collation
			return "LOWER(" + column + ") = " + mark + " OR LENGTH(CONVERT(" + column + " USING utf8mb4)) <> CHAR_LENGTH(" + column + ")"
		},
		ForUpdate:   " FOR UPDATE",
		DeleteLimit: true,
		Isolation:   sql.LevelReadCommitted,
		Now:         "UTC_TIMESTAMP(6)",
		CommitsDDL:  true,
		Tables:      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
		Elsewhere: "SELECT table_schema, table_name FROM information_schema.tables" +
			" WHERE table_schema NOT IN (DATABASE(), 'mysql', 'sys', 'information_schema', 'performance_schema')",
		Remedy: "name that database in the DSN",
		OptionalUnique: "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?1" +
			" AND column_name = ?2 AND is_nullable = 'YES' AND column_key = 'UNI'",
		Charsets: "SELECT column_name, character_set_name FROM information_schema.columns" +
			" WHERE table_schema = DATABASE() AND table_name = ?1 AND character_set_name <> 'utf8mb4'",
		Holds: func(charset string) string { // what it lacks becomes a question mark
			return "SELECT 1 FROM DUAL WHERE CAST(CONVERT(CONVERT(?1 USING " + charset + ") USING utf8mb4) AS BINARY) = CAST(?1 AS BINARY)"
		},
		Classify: classify,
		Alone:    dialect.AloneByName(),
	}
}

// classify reports what an error means, by its number.
func classify(err error) dialect.Class {
	if errors.Is(err, driver.ErrInvalidConn) || errors.Is(err, sqldriver.ErrBadConn) {
		return dialect.Lost
	}
	var failure *driver.MySQLError
	if !errors.As(err, &failure) {
		return dialect.Other
	}
	switch failure.Number {
	case 1062, 1586: // ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME
		return dialect.Duplicate
	case 1050, 1060, 1061, 1091: // ER_TABLE_EXISTS_ERROR, ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_CANT_DROP_FIELD_OR_KEY
		return dialect.Exists
	case 1451, 1217: // ER_ROW_IS_REFERENCED_2, ER_ROW_IS_REFERENCED
		return dialect.Referenced
	case 1290, 1792, 1836: // option prevents statement (--read-only), read-only transaction, read-only mode
		return dialect.ReadOnly
	case 1048, 1364: // ER_BAD_NULL_ERROR, ER_NO_DEFAULT_FOR_FIELD
		return dialect.Missing
	case 1205, 1213, 1020, 3572: // lock wait timeout, deadlock, record changed (MariaDB), NOWAIT
		return dialect.Transient
	case 1053, 1317, 1927: // server shutdown, query interrupted, connection killed (MariaDB)
		return dialect.Lost
	case 1406, 1366, 1292, 1264: // too long, bad characters, bad time, out of range
		return dialect.Invalid
	case 1267, 1271: // mix of collations: a text has characters that the column lacks
		return dialect.Invalid
	}
	return dialect.Other
}
