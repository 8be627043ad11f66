package database

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/internal/changes"
)

// Changes returns how this process hears of changes to sessions and users that any program
// makes. The error says why it cannot, and what helps. PostgreSQL needs triggers too: see
// CheckTriggers.
func (db *DB) Changes() (*changes.Channel, error) {
	switch {
	case db.dialect.Name == "mysql":
		return nil, errors.New("database: MariaDB and MySQL do not tell of changes; " +
			"keep users in PostgreSQL or in a file of SQLite")
	case db.channel == nil:
		return nil, errors.New("database: it is in memory, or on a pool that the program opened, and tells " +
			"of no changes; open PostgreSQL by its URL, or SQLite by its path")
	}
	return db.channel(db.watched(), db.CheckTriggers), nil
}

// watched names the tables whose changes count.
func (db *DB) watched() dialect.Watched {
	w := dialect.Watched{Users: db.users.name, UserID: db.users.model.IDColumn}
	if db.Facts().Has(db.annex.Endings) {
		w.Endings = db.annex.Endings
	}
	return w
}

// Triggers returns the statements that create the triggers by which the database tells of
// changes, in place of older ones; none where the engine needs none.
func (db *DB) Triggers() []string {
	if db.dialect.Triggers == nil {
		return nil
	}
	return db.dialect.Triggers(db.watched()).Create
}

// CreateTriggers runs the statements of Triggers, in one transaction.
func (db *DB) CreateTriggers(ctx context.Context) error {
	return db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		for _, statement := range db.Triggers() {
			if _, err := tx.SQL().ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("database: create triggers: %w", err)
			}
		}
		return nil
	})
}

// CheckTriggers returns an error where the database needs triggers to tell of changes, and lacks
// one.
func (db *DB) CheckTriggers(ctx context.Context) error {
	if db.dialect.Triggers == nil {
		return nil
	}
	triggers, count := db.dialect.Triggers(db.watched()), 0
	if err := db.reader.QueryRowContext(ctx, triggers.Count).Scan(&count); err != nil {
		return fmt.Errorf("database: look for triggers: %w", err)
	}
	if count < triggers.Want {
		return errors.New("database: it has not all triggers that tell of changes to sessions and users; " +
			"run coatcheck migrate --triggers")
	}
	return nil
}

// hearers are called after writes to users.
type hearers struct {
	mu   sync.RWMutex // guards list
	list []func(id string)
}

// OnUserWrite has f called after each statement of this DB that may have changed a user, with
// the ID, or "" for any; and again after the transaction that it was in.
func (db *DB) OnUserWrite(f func(id string)) {
	db.hearers.mu.Lock()
	defer db.hearers.mu.Unlock()
	db.hearers.list = append(db.hearers.list, f)
}

type writtenKey struct{}

// writing returns the context of a statement that changes this user alone.
func writing(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, writtenKey{}, id)
}

// tell calls the hearers about a write to users.
func (db *DB) tell(ctx context.Context) {
	db.hearers.mu.RLock()
	list := db.hearers.list
	db.hearers.mu.RUnlock()
	if len(list) == 0 {
		return
	}
	id, _ := ctx.Value(writtenKey{}).(string)
	call := func() {
		for _, f := range list {
			f(id)
		}
	}
	call()
	if db.tx != nil {
		db.tx.later(call)
	}
}
