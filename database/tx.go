package database

import (
	"context"
	"database/sql"
	"sync"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// transaction is one that is open, or was.
type transaction struct {
	*sql.Tx

	mu    sync.Mutex // guards what follows
	over  bool
	after []func()
}

type transactionKey struct{}

// Tx runs fn in a transaction: all that is done by fn's context happens, or, where fn
// returns an error or panics, nothing (Django: transaction.atomic). What works on this
// database joins it by the context alone: the methods of a DB, tx itself or another, and
// so those of auth and accounts. A Tx within a Tx joins it too.
//
// Where the database broke the transaction off for the sake of another one (a deadlock),
// fn runs again, a few times at most, so it should do nothing that cannot be done twice;
// what is to happen once belongs into OnCommit. Do not use the context beyond fn, nor let
// several goroutines use it at once. Keep fn short: with SQLite no other write happens
// concurrently.
func (db *DB) Tx(ctx context.Context, fn func(ctx context.Context, tx *DB) error) error {
	if db = db.in(ctx); db.tx != nil {
		return fn(ctx, db)
	}
	return db.retry(ctx, false, func(db *DB) error { return db.once(ctx, fn) })
}

// OnCommit calls f once the transaction of the context is committed, or at once where it
// has none; after a rollback f is not called (Django: transaction.on_commit).
func OnCommit(ctx context.Context, f func()) {
	if db, ok := ctx.Value(transactionKey{}).(*DB); ok && db.tx.later(f) {
		return
	}
	f()
}

// once runs fn in one transaction.
func (db *DB) once(ctx context.Context, fn func(context.Context, *DB) error) error {
	begun, err := db.pool.BeginTx(ctx, &sql.TxOptions{Isolation: db.dialect.Isolation})
	if err != nil {
		return db.explain(&dialect.Query{Name: "begin"}, err)
	}
	joined := *db
	joined.tx = &transaction{Tx: begun}
	defer joined.tx.end()
	if err := fn(context.WithValue(ctx, transactionKey{}, &joined), &joined); err != nil {
		return err
	}
	if err := db.explain(&dialect.Query{Name: "commit"}, begun.Commit()); err != nil { // constraints may be deferred until here
		return err
	}
	db.userWrites.Add(1) // what it wrote can be seen from now on
	for _, f := range joined.tx.end() {
		f()
	}
	return nil
}

// in returns the handle that a statement runs on: that of the context's transaction, if it
// is one on this database that is not over.
func (db *DB) in(ctx context.Context) *DB {
	if db.tx != nil {
		return db
	}
	joined, ok := ctx.Value(transactionKey{}).(*DB)
	if !ok || joined.pool != db.pool || joined.tx.isOver() {
		return db
	}
	return joined
}

// later keeps f for the commit, and reports false where the transaction is over.
func (t *transaction) later(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.after = append(t.after, f)
	}
	return !t.over
}

func (t *transaction) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// end rolls back what was not committed, and returns what was to be done after it.
func (t *transaction) end() []func() {
	_ = t.Rollback() // after a commit it has nothing to do
	t.mu.Lock()
	defer t.mu.Unlock()
	after := t.after
	t.over, t.after = true, nil
	return after
}
