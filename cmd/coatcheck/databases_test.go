package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// statement runs SQL on a database of a test, past Coatcheck.
func statement(t *testing.T, d testenv.Database, text string, args ...any) {
	t.Helper()
	db, err := sql.Open(map[string]string{"postgresql": "pgx", "mysql": "mysql", "sqlite3": "sqlite3"}[d.Engine], d.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it only read and wrote a row
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestPgBouncer: behind a pooler in transaction mode no request fails under load, nor
// when a migration changes a column that statements read.
func TestPgBouncer(t *testing.T) {
	direct := testenv.PostgresDatabase(t)
	p := start(t, t.TempDir(), nil, "--database", testenv.PgBouncer(t, direct).URL(), "--throttle", "off")
	var all sync.WaitGroup
	load := func(round int) {
		for i := range 8 {
			all.Go(func() {
				v, who := p.visitor(), credentials(fmt.Sprintf("user%d_%d", round, i), "correct horse")
				requests := []answer{v.post("/accounts/signup/", who), v.post("/accounts/login/", who)}
				for range 10 {
					requests = append(requests, v.get("/accounts/profile/"))
				}
				for n, got := range append(requests, v.post("/accounts/logout/", url.Values{})) {
					if got.status != http.StatusOK && (n > 0 || got.status != http.StatusCreated) {
						t.Errorf("request %d of user %d: %d %s", n, i, got.status, got.body)
					}
				}
			})
		}
		all.Wait()
	}
	load(1)
	statement(t, direct, "ALTER TABLE auth_user ALTER COLUMN first_name TYPE varchar(200)")
	load(2)
}
