package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/flow"
)

// tries bounds how often one piece of work is tried where the database asks for
// it: a deadlock, a lock that took too long, "database is locked".
const tries = 5

// row runs a query for one row and scans it. No row is ErrNotFound, unwrapped.
func (db *DB) row(ctx context.Context, q *dialect.Query, args []any, dest ...any) error {
	return db.rowOf(ctx, q, nil, args, dest...)
}

// rowOf is row for what can be shown; nil shows nothing.
func (db *DB) rowOf(ctx context.Context, q *dialect.Query, of shown, args []any, dest ...any) error {
	db = db.in(ctx)
	timer := flow.Start(ctx)
	err := db.retry(ctx, !q.Write, func(db *DB) error {
		if db.readRow != nil && db.tx == nil && db.onQuery == nil && !q.Write {
			return db.readRow(ctx, q.Text, db.args(q, args), dest)
		}
		if stmt := db.prepared(ctx, q); stmt != nil {
			return stmt.QueryRowContext(ctx, q.Args(args)...).Scan(dest...)
		}
		return db.conn(q).QueryRowContext(ctx, q.Text, db.args(q, args)...).Scan(dest...)
	})
	missing := errors.Is(err, sql.ErrNoRows) || db.nowhere(q, err)
	if err == nil || missing {
		emitRow(ctx, timer, q, of, !missing)
	}
	if missing {
		return ErrNotFound
	}
	return db.explain(q, err)
}

// emitRow reports to the flow a query for one row.
func emitRow(ctx context.Context, timer flow.Timer, q *dialect.Query, of shown, found bool) {
	if !flow.On(ctx) {
		return
	}
	var rows []flow.Row
	if found && of != nil {
		rows = of.show()
	}
	timer.EmitRows(ctx, "database.row", rows, slog.String("query", q.Name), slog.Bool("found", found), tables(q))
}

// rows runs a query and calls scan for each row. The empty query, of what a user
// model does not have, has none.
func (db *DB) rows(
	ctx context.Context, q *dialect.Query, args []any, scan func(*sql.Rows) error, reset func(),
) error {
	return db.rowsOf(ctx, q, args, scan, reset, func() []flow.Row { return nil })
}

// rowsOf is rows for what can be shown, once it is read.
func (db *DB) rowsOf(
	ctx context.Context, q *dialect.Query, args []any,
	scan func(*sql.Rows) error, reset func(), show func() []flow.Row,
) error {
	if q.Text == "" {
		return nil
	}
	db = db.in(ctx)
	count, timer := 0, flow.Start(ctx)
	err := db.retry(ctx, !q.Write, func(db *DB) error {
		count = 0
		reset()
		rows, err := db.conn(q).QueryContext(ctx, q.Text, db.args(q, args)...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			count++
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if db.nowhere(q, err) {
		count, err = 0, nil
		reset()
	}
	if flow.On(ctx) && err == nil {
		timer.EmitRows(ctx, "database.rows", show(), slog.String("query", q.Name), slog.Int("rows", count), tables(q))
	}
	return db.explain(q, err)
}

// tables is the attribute of an event that names the tables of a statement, if it has any.
func tables(q *dialect.Query) slog.Attr {
	names := q.Tables()
	if len(names) == 0 {
		return slog.Attr{}
	}
	return slog.String("table", strings.Join(names, ","))
}

// nowhere reports whether a query failed because the database cannot hold what is looked
// for, such as an emoji in LATIN1: then it is nowhere in it. In a transaction, which may
// have broken off, that stays an error.
func (db *DB) nowhere(q *dialect.Query, err error) bool {
	return err != nil && !q.Write && db.tx == nil && db.class(err) == dialect.Invalid
}

// exec runs a statement and returns the number of rows that it matched, none by the
// empty one.
func (db *DB) exec(ctx context.Context, q *dialect.Query, args ...any) (int64, error) {
	if q.Text == "" {
		return 0, nil
	}
	timer := flow.Start(ctx)
	result, err := db.result(ctx, q, args)
	if err != nil {
		return 0, err
	}
	count, err := result.RowsAffected()
	if flow.On(ctx) && err == nil {
		timer.Emit(ctx, "database.changed",
			slog.String("query", q.Name), slog.Int64("rows", count), tables(q))
	}
	return count, db.explain(q, err)
}

// result runs a statement.
func (db *DB) result(ctx context.Context, q *dialect.Query, args []any) (result sql.Result, err error) {
	db = db.in(ctx)
	defer db.noteWrite(ctx, q)
	err = db.retry(ctx, false, func(db *DB) (err error) {
		if stmt := db.prepared(ctx, q); stmt != nil {
			result, err = stmt.ExecContext(ctx, q.Args(args)...)
			return err
		}
		result, err = db.conn(q).ExecContext(ctx, q.Text, db.args(q, args)...)
		return err
	})
	return result, db.explain(q, err)
}

// noteWrite counts a statement that may change what a user is; see [Along].
func (db *DB) noteWrite(ctx context.Context, q *dialect.Query) {
	for _, table := range [...]string{db.users.name, db.annex.Endings} {
		if table != "" && strings.Contains(q.Text, table) {
			db.userWrites.Add(1)
			db.tell(ctx)
			return
		}
	}
}

// args are the arguments of a statement, with the driver's word in front where it is
// to run without a prepared form.
func (db *DB) args(q *dialect.Query, args []any) []any {
	args = q.Args(args)
	if !db.unprepared {
		return args
	}
	return append([]any{db.dialect.Unprepared}, args...)
}

// conn returns what a statement runs on: the transaction if there is one.
func (db *DB) conn(q *dialect.Query) dialect.Conn {
	if db.onQuery != nil {
		db.onQuery(q.Text)
	}
	switch {
	case db.tx != nil:
		return db.tx
	case q.Write:
		return db.pool
	}
	return db.reader
}

// prepared returns the statement's prepared form, or nil where there is none: in
// a transaction, with an engine that gains nothing by it, and after a failure to
// prepare, whose error then comes from running the text.
func (db *DB) prepared(ctx context.Context, q *dialect.Query) *sql.Stmt {
	if db.stmts == nil || db.tx != nil || db.onQuery != nil {
		return nil
	}
	if stmt, ok := db.stmts.Load(q.Text); ok {
		return stmt.(*sql.Stmt)
	}
	pool := db.reader
	if q.Write {
		pool = db.pool
	}
	stmt, err := pool.PrepareContext(ctx, q.Text)
	if err != nil {
		return nil
	}
	if kept, loaded := db.stmts.LoadOrStore(q.Text, stmt); loaded {
		_ = stmt.Close()
		return kept.(*sql.Stmt)
	}
	return stmt
}

// retry runs work again, after a growing pause, as long as the database says
// that nothing was written and the same work may succeed; where it only reads,
// also when its connection broke, as all do when the server restarts. Where the
// prepared form of a statement was gone or out of date, it runs it again at once, with
// a handle that prepares nothing. Within a transaction it runs it once: there the whole
// transaction is to be run again.
func (db *DB) retry(ctx context.Context, reads bool, work func(db *DB) error) error {
	pause := 2 * time.Millisecond
	for try := 1; ; try++ {
		err := work(db)
		if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) { // SQLite calls it an interruption
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if err == nil || db.tx != nil || try == tries {
			return err
		}
		class := db.class(err)
		if class == dialect.Stale && !db.unprepared {
			direct := *db
			direct.unprepared = true
			db = &direct
			continue
		}
		if class != dialect.Transient && (class != dialect.Lost || !reads) {
			return err
		}
		timer := time.NewTimer(pause + rand.N(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause *= 3
	}
}

// class reports what an error of the driver means.
func (db *DB) class(err error) dialect.Class {
	if errors.Is(err, sql.ErrNoRows) {
		return dialect.Other
	}
	return db.dialect.Classify(err)
}

// explain turns an error of the driver into ours. The text of a duplicate would
// hold the value, which may be a session key, so it is left out.
func (db *DB) explain(q *dialect.Query, err error) error {
	if err == nil {
		return nil
	}
	switch db.class(err) {
	case dialect.Duplicate:
		return fmt.Errorf("database: %s: %w", q.Name, ErrDuplicate)
	case dialect.Referenced: // its text names the constraint and the tables, and holds no value
		return fmt.Errorf("database: %s: %w: %w", q.Name, ErrReferenced, err)
	case dialect.ReadOnly:
		return fmt.Errorf("database: %s: %w: %w", q.Name, ErrReadOnly, err)
	case dialect.Missing: // its text names the column, and holds no value
		return fmt.Errorf("database: %s: a column that must not be NULL was given no value; see User.SetExtra and UserModel.Defaults: %w: %w",
			q.Name, ErrInvalid, err)
	case dialect.Invalid:
		return fmt.Errorf("database: %s: %w", q.Name, ErrInvalid)
	}
	return fmt.Errorf("database: %s: %w", q.Name, err)
}
