package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// look connects once, to say why where that fails, and to see whether there is a
// pooler in between, such as PgBouncer. One that hands each transaction another
// connection of its own loses the statements that were prepared on the last one, so
// behind a pooler nothing is prepared, unless the DSN says how statements are to run.
func look(ctx context.Context, config *pgxpool.Config, dsn string) error {
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig.Copy())
	if err != nil {
		return err
	}
	pooled, err := behindPooler(ctx, conn)
	if pooled && !strings.Contains(dsn, "default_query_exec_mode") {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	return errors.Join(err, conn.Close(ctx))
}

// behindPooler reports whether the server that runs statements is another than the one
// that the connection was made to: a pooler makes up the number of a process.
func behindPooler(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var pid int64
	err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeExec).Scan(&pid)
	return pid != int64(conn.PgConn().PID()), err
}

// Pooled reports whether a pooler such as PgBouncer is between this process and the server.
func Pooled(ctx context.Context, pool *sql.DB) (pooled bool, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("postgres: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it only goes back to the pool
	err = conn.Raw(func(driver any) error {
		var err error
		pooled, err = behindPooler(ctx, driver.(*stdlib.Conn).Conn())
		return err
	})
	return pooled, err
}
