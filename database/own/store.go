package own

import (
	"context"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// Store reads and writes the rows of Coatcheck's own tables. It is safe for concurrent
// use, and joins the transaction of the context as [database.DB] does.
type Store struct {
	db    database.Executor
	d     *dialect.Dialect
	q     *queries
	clock func() time.Time // of throttling; nil for time.Now
}

// New returns the store of a database. It makes no query; [Missing] tells which tables
// are not there.
func New(db *database.DB) *Store {
	e := db.Executor()
	return &Store{db: e, d: e.Dialect(), q: newQueries(e.Dialect())}
}

// tries bounds how often one piece of work is tried whose row comes and goes.
const tries = 5

// insertOne inserts a row by a statement that leaves a row alone which is there already; then it
// returns database.ErrDuplicate. What it does is for the text of that error.
func (s *Store) insertOne(ctx context.Context, what string, q *dialect.Query, args ...any) error {
	count, err := s.db.Exec(ctx, q, args...)
	if err == nil && count == 0 {
		err = fmt.Errorf("database: %s: %w", what, database.ErrDuplicate)
	}
	return err
}
