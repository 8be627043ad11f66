package coatcheck_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// lent are databases on a pool that the program has.
var lent = map[string]func(t *testing.T) (*database.DB, error){
	"sqlite": func(t *testing.T) (*database.DB, error) {
		return sqlite.From(t.Context(), lentSQL(t, "sqlite3", "file:"+testenv.SQLiteDatabase(t).Name+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"))
	},
	"postgres": func(t *testing.T) (*database.DB, error) {
		pool, err := pgxpool.New(t.Context(), testenv.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return postgres.From(t.Context(), pool)
	},
	"mysql": func(t *testing.T) (*database.DB, error) {
		return mysql.From(t.Context(), lentSQL(t, "mysql", testenv.MariaDB(t)+"?clientFoundRows=true&charset=utf8mb4&sql_mode=%27STRICT_TRANS_TABLES%27"))
	},
}

func lentSQL(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	pool, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// TestSiteOnAPool: a site on the program's pool serves and counts guesses, and a user and a row
// of the program's own are made together or not at all.
func TestSiteOnAPool(t *testing.T) {
	for name, open := range lent {
		t.Run(name, func(t *testing.T) {
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			c := testConfig(t)
			c.Database = db
			site, err := coatcheck.New(c)
			if err != nil {
				t.Fatal(err)
			}
			if site.Accounts == nil {
				t.Fatal("the site has no accounts")
			}
			ctx := t.Context()
			if _, err := db.SQL().ExecContext(ctx, "CREATE TABLE company (name VARCHAR(40) UNIQUE)"); err != nil {
				t.Fatal(err)
			}
			together := func(owner string) error {
				return db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
					if _, err := site.Auth.CreateUser(ctx, auth.NewUser{Username: owner, Password: "correct horse"}); err != nil {
						return err
					}
					_, err := tx.SQL().ExecContext(ctx, "INSERT INTO company (name) VALUES ('Analytical Engines')")
					return err
				})
			}
			if err := together("ada"); err != nil {
				t.Fatal(err)
			}
			if err := together("bea"); err == nil { // the name is taken
				t.Error("the second row was made")
			}
			if _, err := site.Auth.UserByUsername(ctx, "bea"); !errors.Is(err, auth.ErrNoUser) {
				t.Errorf("bea: %v", err)
			}
			if _, err := site.Auth.Authenticate(ctx, auth.Credentials{Username: "ada", Password: "correct horse"}); err != nil {
				t.Errorf("ada: %v", err)
			}
			if got := guesses(t, site); got != 10 {
				t.Errorf("%d guesses, want 10", got)
			}
		})
	}
}
