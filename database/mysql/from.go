package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

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
// The pool must be one of github.com/go-sql-driver/mysql with clientFoundRows=true, the
// character set utf8mb4, a strict sql_mode and, with parseTime=true, loc=UTC, which is the driver's
// default; otherwise From returns an error:
//
//	sql.Open("mysql", "app@tcp(127.0.0.1:3306)/app?clientFoundRows=true&charset=utf8mb4"+
//		"&parseTime=true&sql_mode=%27STRICT_TRANS_TABLES%27")
//
// interpolateParams=true saves a round trip for each statement. To find out about the rows,
// From makes a temporary table, which takes the right CREATE TEMPORARY TABLES. The time
// zone of the connections does not matter.
func (c Config) From(ctx context.Context, pool *sql.DB) (*database.DB, error) {
	switch {
	case pool == nil:
		return nil, errors.New("mysql: the pool is nil; give one that sql.Open returned")
	case c.DSN != "":
		return nil, errors.New("mysql: Config.DSN is set, and a pool is given; leave one of them out")
	}
	if err := suits(ctx, pool); err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	from := dialect.Source{Pool: pool, Create: !c.NoCreate, Lent: true}
	db, err := database.New(ctx, from, spoken(c.Location), c.UserModel, own.Annex("mysql"))
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	return db, nil
}

// suits refuses a pool that would spoil rows or lose writes.
func suits(ctx context.Context, pool *sql.DB) error {
	if _, ours := pool.Driver().(*driver.MySQLDriver); !ours {
		return fmt.Errorf("the pool is of the driver %T, and one of github.com/go-sql-driver/mysql is needed", pool.Driver())
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it only goes back to the pool
	var name sql.NullString
	var client, connection, results, mode string
	var at any
	err = conn.QueryRowContext(ctx, "SELECT DATABASE(), @@character_set_client, @@character_set_connection, @@character_set_results, @@sql_mode,"+
		" CAST('2026-01-02 03:04:05.000006' AS DATETIME(6))").Scan(&name, &client, &connection, &results, &mode, &at)
	if err != nil {
		return fmt.Errorf("read the settings of the pool: %w", err)
	}
	parsed, parses := at.(time.Time)
	switch {
	case !name.Valid:
		return errors.New("the pool's connections have chosen no database; name it in the DSN of the pool")
	case client != "utf8mb4" || connection != "utf8mb4" || results != "utf8mb4":
		return fmt.Errorf("the pool's connections have the character sets %s, %s and %s, and utf8mb4 is needed; add charset=utf8mb4 to the DSN of the pool",
			client, connection, results)
	case !strings.Contains(mode, "STRICT_"):
		return errors.New("the pool's connections cut what is too long, without an error; add sql_mode=%27STRICT_TRANS_TABLES%27 to the DSN of the pool")
	case parses && parsed.Location() != time.UTC:
		return fmt.Errorf("the pool reads times as those of %s; leave loc=UTC in the DSN of the pool, and give Config.Location", parsed.Location())
	}
	return countsFound(ctx, conn)
}

// countsFound refuses connections on which an UPDATE that changes nothing counts no row: to a
// compare-and-swap the row would be gone.
func countsFound(ctx context.Context, conn *sql.Conn) error {
	const table = "coatcheck_found_rows"
	for _, statement := range []string{"DROP TEMPORARY TABLE IF EXISTS " + table, "CREATE TEMPORARY TABLE " + table + " (n integer)", "INSERT INTO " + table + " VALUES (1)"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("find out about clientFoundRows, which takes the right CREATE TEMPORARY TABLES: %w", err)
		}
	}
	result, err := conn.ExecContext(ctx, "UPDATE "+table+" SET n = 1")
	if err == nil {
		_, err = conn.ExecContext(ctx, "DROP TEMPORARY TABLE "+table)
	}
	if err != nil {
		return fmt.Errorf("find out about clientFoundRows: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.New("an UPDATE of the pool counts the rows that it changed, and not those that it found; add clientFoundRows=true to the DSN of the pool")
	}
	return nil
}
