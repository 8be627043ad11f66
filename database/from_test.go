package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// lender is a pool of a program's, and how a DB is made of it.
type lender struct {
	name string
	lend func(t *testing.T) (from func() (*database.DB, error), ping func(context.Context) error)
}

// sqlPool opens a pool that is closed when the test ends.
func sqlPool(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	pool, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { must(t, pool.Close()) })
	return pool
}

// pgxPool opens a pool that is closed when the test ends.
func pgxPool(t *testing.T, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(testenv.Postgres(t))
	must(t, err)
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}

const (
	sqlitePragmas = "?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
	mysqlSettings = "?clientFoundRows=true&charset=utf8mb4&sql_mode=%27STRICT_TRANS_TABLES%27"
)

func lendSQLite(dsn func(*testing.T) string, most int) func(*testing.T) (func() (*database.DB, error), func(context.Context) error) {
	return func(t *testing.T) (func() (*database.DB, error), func(context.Context) error) {
		pool := sqlPool(t, "sqlite3", dsn(t))
		pool.SetMaxOpenConns(most)
		return func() (*database.DB, error) { return sqlite.From(t.Context(), pool) }, pool.PingContext
	}
}

func lendPostgres(change func(*pgxpool.Config)) func(*testing.T) (func() (*database.DB, error), func(context.Context) error) {
	return func(t *testing.T) (func() (*database.DB, error), func(context.Context) error) {
		pool := pgxPool(t, change)
		return func() (*database.DB, error) { return postgres.From(t.Context(), pool) }, pool.Ping
	}
}

func lendMySQL(settings string) func(*testing.T) (func() (*database.DB, error), func(context.Context) error) {
	return func(t *testing.T) (func() (*database.DB, error), func(context.Context) error) {
		pool := sqlPool(t, "mysql", testenv.MariaDB(t)+settings)
		return func() (*database.DB, error) { return mysql.From(t.Context(), pool) }, pool.PingContext
	}
}

func sqliteFile(t *testing.T) string { return "file:" + testenv.SQLiteDatabase(t).Name }

// lenders are pools with the settings that the packages' documentation asks for.
var lenders = []lender{
	{"sqlite", lendSQLite(func(t *testing.T) string { return sqliteFile(t) + sqlitePragmas }, 0)},
	{"sqlite, one connection", lendSQLite(func(t *testing.T) string { return sqliteFile(t) + sqlitePragmas }, 1)},
	{"sqlite in memory", lendSQLite(func(*testing.T) string { return "file::memory:" + sqlitePragmas }, 1)},
	{"postgres", lendPostgres(nil)},
	{"postgres in another time zone", lendPostgres(func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["timezone"] = "Asia/Kolkata" })},
	{"postgres, one connection", lendPostgres(func(c *pgxpool.Config) { c.MaxConns = 1 })},
	{"postgres, nothing prepared", lendPostgres(func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec })},
	{"postgres, simple protocol", lendPostgres(func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol })},
	{"mysql", lendMySQL(mysqlSettings)},
	{"mysql, parsing and interpolating", lendMySQL(mysqlSettings + "&parseTime=true&interpolateParams=true")},
	{"mysql in another time zone", lendMySQL(mysqlSettings + "&time_zone=%27%2B05:30%27")},
}

// TestFrom: on a pool that a program lends, users, sessions, endings and the program's own
// rows work, alone and in one transaction, and the pool outlives the DB.
func TestFrom(t *testing.T) {
	for _, l := range lenders {
		t.Run(l.name, func(t *testing.T) {
			ctx := t.Context()
			from, ping := l.lend(t)
			db, err := from()
			must(t, err)
			if got := len(db.Created()); got != created+recorded {
				t.Errorf("From created %d things, want %d", got, created+recorded)
			}
			run(t, db, "CREATE TABLE company (name VARCHAR(40) UNIQUE, owner VARCHAR(40))")
			if err := found(ctx, db, "ada", "Engines"); err != nil {
				t.Fatal(err)
			}
			if err := found(ctx, db, "bea", "Engines"); err == nil { // the name is taken
				t.Error("two companies have one name")
			}
			if _, err := db.UserByUsername(ctx, "bea"); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("the user of the transaction that was rolled back: %v", err)
			}
			ada, err := db.UserByUsername(ctx, "ada")
			must(t, err)
			if ada.DateJoined.IsZero() || !ada.DateJoined.Equal(moment) {
				t.Errorf("ada joined at %v, want %v", ada.DateJoined, moment)
			}
			if n, known := ending(t, db, ada.ID); !known || n != moment.UnixMicro() {
				t.Errorf("the ending is %d, %v", n, known)
			}
			s := session(key, "one")
			must(t, db.InsertSession(ctx, s))
			must(t, db.UpdateSession(ctx, s, "one")) // which changes nothing
			together(8, func(i int) {
				if _, err := own.New(db).NextEnding(ctx, ada.ID, moment); err != nil {
					t.Error(err)
				}
			})
			if n, _ := ending(t, db, ada.ID); n != moment.UnixMicro()+8 {
				t.Errorf("after eight endings at once it is %d", n-moment.UnixMicro())
			}
			must(t, db.Close())
			if err := ping(ctx); err != nil {
				t.Errorf("the pool after Close: %v", err)
			}
			again, err := from()
			must(t, err)
			if got := again.Created(); len(got) != 0 {
				t.Errorf("the second From created %v", got)
			}
			must(t, again.Close())
		})
	}
}

// ending reads the number of the last ending of a user's sessions.
func ending(t *testing.T, db *database.DB, id string) (int64, bool) {
	t.Helper()
	u, err := db.UserByID(t.Context(), id)
	must(t, err)
	return u.Ending()
}

// found creates a user, an ending of its sessions and a row of the program's in one transaction.
func found(ctx context.Context, db *database.DB, owner, company string) error {
	return db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
		u := &database.User{Username: owner, Password: "x", IsActive: true, DateJoined: moment}
		if err := tx.CreateUnique(ctx, u, false); err != nil {
			return err
		}
		if _, err := own.New(db).NextEnding(ctx, u.ID, moment); err != nil {
			return err
		}
		_, err := db.SQL().ExecContext(ctx, "INSERT INTO company (name, owner) VALUES ('"+company+"', '"+owner+"')")
		return err
	})
}

// TestFromRefuses: a pool that would lose writes or spoil rows is refused, with what is to
// be changed.
func TestFromRefuses(t *testing.T) {
	file := func(settings string) func(*testing.T) string {
		return func(t *testing.T) string { return sqliteFile(t) + settings }
	}
	sql.Register("foreign", foreign{})
	other := func(from func(context.Context, *sql.DB) (*database.DB, error)) func(*testing.T) (func() (*database.DB, error), func(context.Context) error) {
		return func(t *testing.T) (func() (*database.DB, error), func(context.Context) error) {
			pool := sqlPool(t, "foreign", "")
			return func() (*database.DB, error) { return from(t.Context(), pool) }, nil
		}
	}
	for _, test := range []struct {
		lender
		want string
	}{
		{lender{"sqlite without foreign keys", lendSQLite(file(sqlitePragmas+"&_pragma=foreign_keys(0)"), 0)}, "add _pragma=foreign_keys(1)"},
		{lender{"sqlite without a timeout", lendSQLite(file(sqlitePragmas+"&_pragma=busy_timeout(0)"), 0)}, "add _pragma=busy_timeout(5000)"},
		{lender{"sqlite with deferred transactions", lendSQLite(file(sqlitePragmas+"&_txlock=deferred"), 0)}, "set _txlock=immediate"},
		{lender{"sqlite in many memories", lendSQLite(func(*testing.T) string { return "file::memory:" + sqlitePragmas }, 0)}, "SetMaxOpenConns(1)"},
		{lender{"sqlite by another driver", other(sqlite.From)}, "github.com/ncruces/go-sqlite3/driver is needed"},
		{lender{"postgres in LATIN1", lendPostgres(func(c *pgxpool.Config) {
			c.ConnConfig.RuntimeParams["client_encoding"] = "LATIN1"
		})}, `RuntimeParams["client_encoding"] = "UTF8"`},
		{lender{"postgres with German dates", lendPostgres(func(c *pgxpool.Config) {
			c.ConnConfig.RuntimeParams["datestyle"] = "German"
		})}, `RuntimeParams["datestyle"] = "ISO"`},
		{lender{"mysql counting changes", lendMySQL(strings.Replace(mysqlSettings, "clientFoundRows=true&", "", 1))}, "add clientFoundRows=true"},
		{lender{"mysql in latin1", lendMySQL(strings.Replace(mysqlSettings, "utf8mb4", "latin1", 1))}, "add charset=utf8mb4"},
		{lender{"mysql that cuts texts", lendMySQL(strings.Replace(mysqlSettings, "STRICT_TRANS_TABLES", "", 1))}, "add sql_mode="},
		{lender{"mysql in local time", lendMySQL(mysqlSettings + "&parseTime=true&loc=Asia%2FKolkata")}, "leave loc=UTC"},
		{lender{"mysql by another driver", other(mysql.From)}, "github.com/go-sql-driver/mysql is needed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			from, _ := test.lend(t)
			db, err := from()
			if err == nil {
				_ = db.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	for name, make := range map[string]func() (*database.DB, error){
		"sqlite":   func() (*database.DB, error) { return sqlite.From(t.Context(), nil) },
		"postgres": func() (*database.DB, error) { return postgres.From(t.Context(), nil) },
		"mysql":    func() (*database.DB, error) { return mysql.From(t.Context(), nil) },
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), "the pool is nil") {
			t.Errorf("%s without a pool: %v", name, err)
		}
	}
}

// foreign is a driver that Coatcheck does not know.
type foreign struct{}

func (foreign) Open(string) (driver.Conn, error) { return foreignConn{}, nil }

type foreignConn struct{}

func (foreignConn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (foreignConn) Close() error                        { return nil }
func (foreignConn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
