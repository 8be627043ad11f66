package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// DB is a database with Django's tables. It is safe for concurrent use and keeps
// its settings.
type DB struct {
	pool    *sql.DB // takes every write
	reader  *sql.DB // takes the reads; the same as pool but for SQLite
	program *sql.DB // what Pool gives; the same as pool but for PostgreSQL
	dialect *dialect.Dialect
	queries *queries
	annex   Annex
	facts   *atomic.Pointer[Facts]
	users   *userTable
	readRow dialect.RowFunc // past database/sql; may be nil
	hints   *hints

	readRows dialect.RowsFunc // may be nil
	together *together        // nil where readRows is

	userWrites *atomic.Int64 // counts what may have changed users; see Along
	hearers    *hearers      // of that
	channel    dialect.ChannelFunc

	closer  func() error
	closing *closing
	lent    bool // pool is somebody else's
	created []string
	onQuery func(string) // for tests: sees every statement

	charsets   *charsets
	emptyEmail *emptyEmail

	unprepared bool // in the handle of a second try: its statements have no prepared form

	tx *transaction // not nil in the handle that Tx gives to its function

	stmts *sync.Map // statement text -> *sql.Stmt; nil where nothing is prepared
}

// New returns a DB of connection pools, and creates absent tables if so wanted. It
// is for the packages of the engines: nobody else can name a dialect. Where it
// fails it closes what it was given.
func New(ctx context.Context, from dialect.Source, d dialect.Dialect, m UserModel, a Annex) (*DB, error) {
	if d.Location == nil {
		d.Location = time.UTC
	}
	if from.Reader == nil {
		from.Reader = from.Pool
	}
	if from.Own == nil {
		from.Own = from.Pool
	}
	db := &DB{
		pool: from.Pool, reader: from.Reader, program: from.Own, dialect: &d, readRow: from.Row, closer: from.Close, lent: from.Lent,
		annex: a, facts: &atomic.Pointer[Facts]{}, charsets: &charsets{}, emptyEmail: &emptyEmail{}, closing: &closing{},
		hints: newHints(), userWrites: &atomic.Int64{},
		hearers: &hearers{}, channel: from.Channel,
	}
	err := a.check()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if db.users, err = newUserTable(m, db.dialect); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.queries = newQueries(db.dialect, db.users, &db.annex)
	if db.readRows = from.Rows; db.readRows != nil {
		db.together = &together{db: db}
	}
	if d.Prepare {
		db.stmts = &sync.Map{}
	}
	if err := db.verify(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if from.Create {
		if db.created, err = db.Migrate(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if db.facts.Load() == nil { // Migrate looked, unless there was nothing to do
		if err := db.look(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// Engine names the engine: "sqlite", "postgres" or "mysql".
func (db *DB) Engine() string { return db.dialect.Name }

// Location is the zone of the site's naive times: UTC where Django has USE_TZ
// True, otherwise its TIME_ZONE. Where it is not UTC, Django puts last_login
// into a password-reset token in this zone.
func (db *DB) Location() *time.Location { return db.dialect.Location }

// Pool returns a pool for what SQL has not, and that no transaction of Tx joins. For SQLite
// and MySQL it is the one that takes the writes. SQLite's has a single connection: anyone who
// keeps rows or a transaction open holds up every write, so leave its limits as they are.
// For PostgreSQL it is a pool apart, of as many connections again and of none as long as
// it is not used, so that no limit set on it and nothing kept open in it holds up a page.
func (db *DB) Pool() *sql.DB { return db.program }

// Created reports what opening this database created, line by line; empty where
// everything was there.
func (db *DB) Created() []string { return append([]string(nil), db.created...) }

// Ping asks the database for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("database: ping: %w", err)
	}
	return nil
}

// BeforeClose has Close call f first, while the connections are good: for what waits to be
// written. What was given last is called first.
func (db *DB) BeforeClose(f func()) {
	db.closing.mu.Lock()
	defer db.closing.mu.Unlock()
	db.closing.calls = append(db.closing.calls, f)
}

// closing is what is to be done before a database is closed.
type closing struct {
	mu    sync.Mutex // guards what follows
	calls []func()
}

// take returns the calls, the last one first, and forgets them.
func (c *closing) take() []func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	slices.Reverse(calls)
	return calls
}

// Close closes every connection, but for those of a pool that a program has lent: see From in
// the packages of the engines.
func (db *DB) Close() error {
	if db.tx != nil {
		return errors.New("database: a transaction's handle is not to be closed")
	}
	for _, f := range db.closing.take() {
		f()
	}
	var errs []error
	if db.stmts != nil {
		db.stmts.Range(func(_, stmt any) bool {
			errs = append(errs, stmt.(*sql.Stmt).Close())
			return true
		})
	}
	if db.reader != db.pool {
		errs = append(errs, db.reader.Close())
	}
	if db.program != db.pool {
		errs = append(errs, db.program.Close())
	}
	if !db.lent {
		errs = append(errs, db.pool.Close())
	}
	if db.closer != nil {
		errs = append(errs, db.closer())
	}
	return errors.Join(errs...)
}
