package seed

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coatcheck/coatcheck/database"
)

// columns are those of each table, in the order in which rows come.
var columns = map[string][]string{
	"auth_user": {
		"id", "password", "last_login", "is_superuser", "username", "first_name", "last_name", "email",
		"is_staff", "is_active", "date_joined",
	},
	"django_session": {"session_key", "session_data", "expire_date"},
	"coatcheck_session": {
		"key_hash", "user_id", "locator", "method", "ip", "user_agent", "created", "last_seen",
	},
}

// A sink takes rows, and writes them as fast as the engine can: by COPY, or by INSERTs of many
// rows in one transaction.
type sink struct {
	ctx    context.Context
	engine string
	conn   *pgx.Conn // PostgreSQL
	pool   *sql.DB   // the others
	tx     *sql.Tx
	rows   [][]any
}

// open returns the sink of a database.
func open(ctx context.Context, db *database.DB, url string) (*sink, error) {
	s := &sink{ctx: ctx, engine: db.Engine(), pool: db.Pool()}
	var err error
	if s.engine == "postgres" {
		s.conn, err = pgx.Connect(ctx, url)
	} else {
		s.tx, err = s.pool.BeginTx(ctx, nil)
	}
	return s, err
}

// Close ends what is not done.
func (s *sink) Close() error {
	if s.conn != nil {
		return s.conn.Close(s.ctx)
	}
	return s.tx.Rollback()
}

// time is a time as the engine keeps it.
func (s *sink) time(t time.Time) any {
	if s.engine == "sqlite" {
		return t.UTC().Format("2006-01-02 15:04:05.000000")
	}
	return t.UTC()
}

// batch is how many rows are written at once: COPY takes any number, SQLite at most 32,766
// arguments.
func (s *sink) batch() int {
	if s.engine == "postgres" {
		return 50_000
	}
	return 1_000
}

// add adds a row of a table.
func (s *sink) add(table string, row ...any) error {
	s.rows = append(s.rows, row)
	if len(s.rows) < s.batch() {
		return nil
	}
	return s.flush(table)
}

// flush writes the rows that are left.
func (s *sink) flush(table string) (err error) {
	switch {
	case len(s.rows) == 0:
	case s.conn != nil:
		_, err = s.conn.CopyFrom(s.ctx, pgx.Identifier{table}, columns[table], pgx.CopyFromRows(s.rows))
	default:
		row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns[table])), ", ") + ")"
		query := "INSERT INTO " + table + " (" + strings.Join(columns[table], ", ") + ") VALUES " +
			strings.TrimSuffix(strings.Repeat(row+", ", len(s.rows)), ", ")
		_, err = s.tx.ExecContext(s.ctx, query, slices.Concat(s.rows...)...)
	}
	s.rows = s.rows[:0]
	if err != nil {
		return fmt.Errorf("seed: %s: %w", table, err)
	}
	return nil
}

// done commits, and gathers the statistics that the planner needs.
func (s *sink) done() error {
	if s.conn == nil {
		if err := s.tx.Commit(); err != nil {
			return err
		}
		analyze := map[string]string{
			"sqlite": "ANALYZE", "mysql": "ANALYZE TABLE auth_user, django_session, coatcheck_session",
		}
		_, err := s.pool.ExecContext(s.ctx, analyze[s.engine])
		return err
	}
	for _, query := range []string{
		"SELECT setval(pg_get_serial_sequence('auth_user', 'id'), (SELECT max(id) FROM auth_user))",
		"VACUUM ANALYZE auth_user, django_session, coatcheck_session", "CHECKPOINT",
	} {
		if _, err := s.conn.Exec(s.ctx, query); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	return nil
}
