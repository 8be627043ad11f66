package database

import (
	"context"

	"github.com/coatcheck/coatcheck/database/internal/schema"
)

// Facts are what opening a database found out about it, and Migrate after a change.
type Facts struct {
	tables   map[string]bool
	madeHere bool
	err      error // of madeHere
	users    error // why users cannot be read
	allauth  error // why AllauthTable, which is there, cannot be read
	sessions error // why users and sessions cannot be read
}

// Ready returns an error that says what to do if a site cannot work on this database: the
// table of users, or with sessionRows that of sessions, is missing where unqualified names
// are looked for, or the account of the database may not read it. It names the other schemas
// that have such a table (on MySQL: the other databases).
func (f Facts) Ready(sessionRows bool) error {
	if sessionRows {
		return f.sessions
	}
	return f.users
}

// Has reports whether the database has all of the tables.
func (f Facts) Has(tables ...string) bool {
	for _, table := range tables {
		if !f.tables[table] {
			return false
		}
	}
	return true
}

// MadeHere reports whether Coatcheck made Django's tables. It records their migrations in
// one statement, all with one time, and Django each at its own. It returns the error of
// reading django_migrations.
func (f Facts) MadeHere() (bool, error) { return f.madeHere, f.err }

// Allauth reports whether the database has AllauthTable, or why it cannot be read.
func (f Facts) Allauth() (bool, error) { return f.Has(AllauthTable), f.allauth }

// Facts returns what was found out last. It makes no query.
func (db *DB) Facts() Facts { return *db.facts.Load() }

// look finds out the facts.
func (db *DB) look(ctx context.Context) error {
	tables, err := db.tables(ctx)
	if err != nil {
		return err
	}
	f := &Facts{tables: tables}
	if f.sessions = db.readable(ctx, true); f.sessions != nil {
		f.users = db.readable(ctx, false)
	}
	if tables[AllauthTable] {
		f.allauth = db.readAllauth(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if tables[schema.Ledger] {
		var times int
		f.err = db.row(ctx, &db.queries.authTimes, nil, &times)
		f.madeHere = times == 1
	}
	db.facts.Store(f)
	return nil
}
