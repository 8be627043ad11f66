package database

import (
	"context"
	"database/sql"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/flow"
)

// Executor runs statements about tables that are not Django's: in the transaction of the
// context if there is one, again where the database asks for it, and with the errors of
// this package. It is for the packages below this folder: nobody else can name a query.
type Executor struct{ db *DB }

// Executor returns the executor of the database or, in a transaction's handle, of that.
func (db *DB) Executor() Executor { return Executor{db} }

// Dialect returns what the engine speaks.
func (e Executor) Dialect() *dialect.Dialect { return e.db.dialect }

// InTx reports whether statements with this context run in a transaction.
func (e Executor) InTx(ctx context.Context) bool { return e.db.in(ctx).tx != nil }

// Tx runs fn in a transaction, as [DB.Tx].
func (e Executor) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return e.db.Tx(ctx, func(ctx context.Context, _ *DB) error { return fn(ctx) })
}

// Exec runs a statement and returns the number of rows that it matched.
func (e Executor) Exec(ctx context.Context, q *dialect.Query, args ...any) (int64, error) {
	return e.db.exec(ctx, q, args...)
}

// Row runs a query for one row and scans it. It returns ErrNotFound if there is none.
func (e Executor) Row(ctx context.Context, q *dialect.Query, args []any, dest ...any) error {
	return e.db.row(ctx, q, args, dest...)
}

// Collect runs a query and returns its rows. It scans each into the pointers that
// fields returns of it.
func Collect[T any](ctx context.Context, e Executor, q *dialect.Query, args []any, fields func(*T) []any) ([]T, error) {
	return collect(ctx, e.db, q, args, func(rows *sql.Rows, row *T) error { return rows.Scan(fields(row)...) })
}

// Batches deletes at most limit rows (0 or less: all) by a statement that deletes at most
// so many, and returns how many it deleted.
func (e Executor) Batches(limit int, remove func(batch int64) (int64, error)) (int64, error) {
	return e.db.inBatches(limit, remove)
}

// collect runs a query and returns what scan makes of its rows.
func collect[T any](ctx context.Context, db *DB, q *dialect.Query, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	var all []T
	err := db.rowsOf(ctx, q, args, func(rows *sql.Rows) error {
		var row T
		err := scan(rows, &row)
		all = append(all, row)
		return err
	}, func() { all = nil }, func() []flow.Row { return showAll(all) })
	return all, err
}
