package coatcheck_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// A site on the pool that the program has already. Its statements join a transaction by
// its context.
func Example_poolSQLite() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app.db")

	pool, err := sql.Open("sqlite3", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close() // after the DB
	db, err := sqlite.From(ctx, pool)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close() // leaves the pool open

	if _, err := pool.ExecContext(ctx, "CREATE TABLE company (name VARCHAR(40) UNIQUE, owner INTEGER)"); err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: "an example's key, which has 32 characters at least"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found(ctx, site, "ada", "Analytical Engines"))
	var name string
	fmt.Println(pool.QueryRowContext(ctx, "SELECT name FROM company").Scan(&name), name)
	// Output:
	// <nil>
	// <nil> Analytical Engines
}

// The same on PostgreSQL, where the pool is one of pgx's.
func Example_poolPostgres() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://app@localhost/app")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	db, err := postgres.From(ctx, pool)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
}

// The same on MySQL and MariaDB.
func Example_poolMySQL() {
	ctx := context.Background()
	pool, err := sql.Open("mysql", "app@tcp(127.0.0.1:3306)/app?clientFoundRows=true&charset=utf8mb4&sql_mode=%27STRICT_TRANS_TABLES%27")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	db, err := mysql.From(ctx, pool)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
}
