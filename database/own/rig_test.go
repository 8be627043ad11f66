package own_test

import (
	"context"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// engine is one engine that the suite runs on.
type engine struct {
	name  string
	fresh func(t testing.TB) testenv.Database
	open  func(ctx context.Context, dsn string, noCreate bool) (*database.DB, error)
}

var engines = []engine{
	{"sqlite", testenv.SQLiteDatabase, func(ctx context.Context, dsn string, noCreate bool) (*database.DB, error) {
		return sqlite.Config{DSN: dsn, NoCreate: noCreate}.Open(ctx)
	}},
	{"postgres", testenv.PostgresDatabase, func(ctx context.Context, dsn string, noCreate bool) (*database.DB, error) {
		return postgres.Config{DSN: dsn, NoCreate: noCreate}.Open(ctx)
	}},
	{"mysql", testenv.MariaDBDatabase, func(ctx context.Context, dsn string, noCreate bool) (*database.DB, error) {
		return mysql.Config{DSN: dsn, NoCreate: noCreate}.Open(ctx)
	}},
}

// each runs a test on a fresh database of every engine that is on this machine.
func each(t *testing.T, test func(t *testing.T, s *own.Store, db *database.DB)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			db := e.opened(t, e.fresh(t))
			test(t, own.New(db), db)
		})
	}
}

// opened opens a database and creates what it lacks. It is closed when the test ends.
func (e engine) opened(t testing.TB, where testenv.Database) *database.DB {
	t.Helper()
	return e.kept(t, where, false)
}

// looked opens a database and leaves it as it is.
func (e engine) looked(t testing.TB, where testenv.Database) *database.DB {
	t.Helper()
	return e.kept(t, where, true)
}

func (e engine) kept(t testing.TB, where testenv.Database, noCreate bool) *database.DB {
	t.Helper()
	db, err := e.open(t.Context(), where.DSN(), noCreate)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// run runs statements.
func run(t testing.TB, db *database.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// user inserts a user.
func user(t testing.TB, db *database.DB, name string) *database.User {
	t.Helper()
	u := &database.User{Username: name, Password: "md5$salt$hash", IsActive: true}
	must(t, db.CreateUser(t.Context(), u))
	return u
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	group.Wait()
}
