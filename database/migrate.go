package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/internal/schema"
)

// Migrate creates what is absent of Django's tables, to the letter of Django's
// own migrations, with content types, default permissions and the rows of
// django_migrations, so that `manage.py migrate` finds nothing to do; then it applies
// the migrations of the [Annex], which are those of Coatcheck's own tables. It returns what it
// did, line by line, and nothing if there was nothing to do. [DB.Plan] tells in advance.
//
// A database with no table of Django's gets those of contenttypes, auth,
// sessions and admin. Where some of them exist, they stay as they are, and only
// what this package cannot do without is added: contenttypes, auth and sessions. The
// tables of a custom [UserModel] are Django's to create: they are there, or opening
// the database fails.
//
// Any number of nodes may do it at once: it happens once, in one transaction
// where the engine's DDL knows such, and under a lock. On MySQL, which commits each
// statement, it takes up where an earlier one stopped. Django's own migrate does
// not take that lock: do not run it for the first time at the same moment.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	if db.tx != nil {
		return nil, errors.New("database: migrate: not within a transaction")
	}
	if plan, err := db.Plan(ctx); len(plan) == 0 || err != nil { // it takes no lock, and no right to create tables
		return nil, err
	}
	var done Plan
	err := db.retry(ctx, false, func(db *DB) error {
		return db.dialect.Alone(ctx, db.pool, func(ctx context.Context, conn dialect.Conn) (err error) {
			done, err = db.apply(ctx, conn)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("database: migrate: %w", err)
	}
	return done.Lines(), db.look(ctx)
}

// apply computes a plan under the lock, and runs it.
func (db *DB) apply(ctx context.Context, conn dialect.Conn) (Plan, error) {
	present, err := list(ctx, conn, db.queries)
	if err != nil {
		return nil, err
	}
	recorded := map[string]bool{}
	if present[schema.Ledger] {
		if recorded, err = ledger(ctx, conn, db.queries); err != nil {
			return nil, err
		}
	}
	plan, err := db.plan(present, recorded)
	if err == nil {
		plan, err = db.withColumns(ctx, conn, plan, present)
	}
	if err != nil {
		return nil, err
	}
	for _, step := range plan {
		for _, statement := range step.SQL {
			_, err := conn.ExecContext(ctx, statement)
			if err == nil || step.again && db.class(err) == dialect.Exists {
				continue
			}
			return nil, step.failed(err)
		}
	}
	return plan, nil
}

// failed reports what to do about a step that failed.
func (s Step) failed(err error) error {
	if s.Table != "" {
		return fmt.Errorf("create table %s (or open the database with NoCreate, and let an account that may do it run coatcheck migrate): %w",
			s.Table, err)
	}
	if s.Column != "" {
		return fmt.Errorf("add column %s (or open the database with NoCreate, and let an account that may "+
			"do it run coatcheck migrate): %w", s.Column, err)
	}
	if len(s.Migrations) > 0 {
		return fmt.Errorf("record %s and %d more: %w", s.Migrations[0], len(s.Migrations)-1, err)
	}
	return err
}

// recorded lists the ledger, as "auth.0001_initial".
func (db *DB) recorded(ctx context.Context) (map[string]bool, error) {
	recorded, err := ledger(ctx, db.reader, db.queries)
	return recorded, db.explain(&db.queries.ledger, err)
}

func ledger(ctx context.Context, conn dialect.Conn, q *queries) (map[string]bool, error) {
	rows, err := conn.QueryContext(ctx, q.ledger.Text)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	recorded := map[string]bool{}
	for rows.Next() {
		var app, name string
		if err := rows.Scan(&app, &name); err != nil {
			return nil, err
		}
		recorded[app+"."+name] = true
	}
	return recorded, rows.Err()
}

// swapped reports whether a table is one of those that a custom user model stands
// for. Django does not create them then.
func (db *DB) swapped(table string) bool {
	return db.users.foreign && (table == "auth_user" || strings.HasPrefix(table, "auth_user_"))
}

// needed are the apps that this package cannot do without.
func needed() []schema.App { return schema.Apps[:3] }

// appsToRecord picks the apps whose tables all come from this run and which the
// ledger does not know.
func appsToRecord(apps []schema.App, present, recorded map[string]bool, fresh bool) []schema.App {
	var mine []schema.App
	for _, app := range apps {
		known := false
		for _, table := range app.Tables {
			known = known || present[table] && !fresh
		}
		for name := range recorded {
			known = known || strings.HasPrefix(name, app.Label+".")
		}
		if !known {
			mine = append(mine, app)
		}
	}
	return mine
}

// anyTable reports whether a table of Django's is among them, the ledger aside.
func anyTable(present map[string]bool) bool {
	for _, app := range schema.Apps {
		for _, table := range app.Tables {
			if present[table] {
				return true
			}
		}
	}
	return false
}

// list lists the tables that exist.
func list(ctx context.Context, conn dialect.Conn, q *queries) (map[string]bool, error) {
	rows, err := conn.QueryContext(ctx, q.tables.Text)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	present := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		present[name] = true
	}
	return present, rows.Err()
}
