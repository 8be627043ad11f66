package database_test

import (
	"context"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// engine is one engine that the suite runs on.
type engine struct {
	name   string // as Engine() gives it
	django string // as Django's ENGINE ends
	vector string // as the recorded results name it
	schema string // as the files of final schemas name it
	fresh  func(t testing.TB) testenv.Database
	open   func(ctx context.Context, dsn string, loc *time.Location, noCreate bool) (*database.DB, error)
}

var engines = []engine{
	{
		"sqlite", "sqlite3", "sqlite", "sqlite", testenv.SQLiteDatabase,
		func(ctx context.Context, dsn string, loc *time.Location, noCreate bool) (*database.DB, error) {
			return sqlite.Config{DSN: dsn, Location: loc, NoCreate: noCreate}.Open(ctx)
		},
	},
	{
		"postgres", "postgresql", "pg", "postgresql", testenv.PostgresDatabase,
		func(ctx context.Context, dsn string, loc *time.Location, noCreate bool) (*database.DB, error) {
			return postgres.Config{DSN: dsn, Location: loc, NoCreate: noCreate}.Open(ctx)
		},
	},
	{
		"mysql", "mysql", "my", "mariadb", testenv.MariaDBDatabase,
		func(ctx context.Context, dsn string, loc *time.Location, noCreate bool) (*database.DB, error) {
			return mysql.Config{DSN: dsn, Location: loc, NoCreate: noCreate}.Open(ctx)
		},
	},
}

// each runs a test on every engine that is on this machine.
func each(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { test(t, e) })
	}
}

// eachDB runs a test on a fresh database of every engine.
func eachDB(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	each(t, func(t *testing.T, e engine) { test(t, e.db(t)) })
}

// db opens a fresh database with Django's tables.
func (e engine) db(t testing.TB) *database.DB {
	t.Helper()
	return e.reopen(t, e.fresh(t), nil)
}

// reopen opens a database that a test has; it is closed when the test ends.
func (e engine) reopen(t testing.TB, where testenv.Database, loc *time.Location) *database.DB {
	t.Helper()
	db, err := e.open(t.Context(), where.DSN(), loc, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// user inserts a user.
func user(t testing.TB, db *database.DB, name string) *database.User {
	t.Helper()
	u := &database.User{Username: name, Password: "md5$salt$hash", IsActive: true}
	if err := db.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
