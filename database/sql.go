package database

import (
	"context"
	"database/sql"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// SQL runs the program's own statements, in the engine's own SQL, where the writes go: in
// the transaction of the context, if there is one of this database, and else each for
// itself. Close rows before the next write: SQLite has one connection for those.
type SQL struct{ db *DB }

// SQL is for the program's own tables.
func (db *DB) SQL() SQL { return SQL{db} }

// ExecContext runs a statement (sql.DB.ExecContext).
func (s SQL) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.conn(ctx).ExecContext(ctx, query, args...)
}

// QueryContext runs a query (sql.DB.QueryContext).
func (s SQL) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.conn(ctx).QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row (sql.DB.QueryRowContext).
func (s SQL) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.conn(ctx).QueryRowContext(ctx, query, args...)
}

func (s SQL) conn(ctx context.Context) dialect.Conn {
	s.db.userWrites.Add(1) // for all that is known
	if db := s.db.in(ctx); db.tx != nil {
		return db.tx
	}
	return s.db.pool
}
