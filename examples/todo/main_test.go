package main

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// onEach runs the test on an empty SQLite database and on an empty PostgreSQL database.
func onEach(t *testing.T, test func(t *testing.T, site *coatchecktest.Site, handler http.Handler)) {
	for engine, open := range map[string]func(*testing.T) *database.DB{"sqlite": inMemory, "postgres": onPostgres} {
		t.Run(engine, func(t *testing.T) {
			db := open(t)
			if err := createTable(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
				c.Database = db
				*c = configured(*c)
			})
			test(t, site, routes(site.Site))
		})
	}
}

func inMemory(t *testing.T) *database.DB {
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// onPostgres creates a database on the server that COATCHECK_TEST_POSTGRES names.
func onPostgres(t *testing.T) *database.DB {
	server, err := url.Parse(os.Getenv("COATCHECK_TEST_POSTGRES"))
	if err != nil || server.Host == "" {
		t.Skip("COATCHECK_TEST_POSTGRES names no PostgreSQL server; run the test by scripts/withservers.sh")
	}
	admin, err := sql.Open("pgx", server.String())
	if err != nil {
		t.Fatal(err)
	}
	name := "todo_" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	server.Path = "/" + name
	db, err := postgres.Open(t.Context(), server.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var ada = url.Values{"username": {"ada"}, "password": {"correct horse"}}

// list returns what the JSON of the list shows.
func list(c *coatchecktest.Client) (texts []string, ids []string) {
	var got struct{ Items []item }
	c.Get("/api/items").JSON(&got)
	for _, i := range got.Items {
		texts, ids = append(texts, i.Text), append(ids, i.ID)
	}
	return texts, ids
}

func TestList(t *testing.T) {
	onEach(t, func(t *testing.T, site *coatchecktest.Site, handler http.Handler) {
		c := site.NewClient(handler)
		if got := c.Post("/accounts/signup/", ada); got.Status != http.StatusCreated {
			t.Fatalf("the sign-up: %d %s", got.Status, got.Body)
		}
		if got := c.Post("/accounts/login/", ada); got.Status != http.StatusOK {
			t.Fatalf("the login: %d %s", got.Status, got.Body)
		}
		if got, _ := list(c); len(got) != 1 || got[0] != "Write down what there is to do" {
			t.Errorf("after the sign-up: %q", got)
		}
		if got := c.Post("/add", url.Values{"text": {"<b>tea"}}); got.Status != http.StatusSeeOther || got.Location() != "/" {
			t.Errorf("adding: %d %s", got.Status, got.Body)
		}
		texts, ids := list(c)
		if len(texts) != 2 || texts[1] != "<b>tea" {
			t.Fatalf("after adding: %q", texts)
		}
		if got := c.Get("/").Body; !strings.Contains(got, "Added: &lt;b&gt;tea</p>") || !strings.Contains(got, "ada: 2 to do") {
			t.Errorf("the page: %s", got)
		}
		if got := c.Get("/").Body; strings.Contains(got, "Added") {
			t.Errorf("the message is shown again: %s", got)
		}
		if got := c.Post("/add", url.Values{"text": {" "}}); got.Status != http.StatusBadRequest {
			t.Errorf("adding nothing: %d", got.Status)
		}

		other := site.NewClient(handler)
		other.ForceLogin(site.CreateUser("bea", ""))
		other.Post("/done/"+ids[0], nil)
		if got, _ := list(c); len(got) != 2 {
			t.Errorf("another user removed an item: %q", got)
		}
		c.Post("/done/"+ids[0], nil)
		if got, _ := list(c); len(got) != 1 || got[0] != "<b>tea" {
			t.Errorf("after one is done: %q", got)
		}
	})
}

func TestWhoMayEnter(t *testing.T) {
	onEach(t, func(t *testing.T, site *coatchecktest.Site, handler http.Handler) {
		visitor, user, staff := site.NewClient(handler), site.NewClient(handler), site.NewClient(handler)
		user.ForceLogin(site.CreateUser("ada", ""))
		staff.ForceLogin(site.CreateSuperuser("eve", ""))
		for path, want := range map[string][3]int{
			"/":          {http.StatusFound, http.StatusOK, http.StatusOK},
			"/staff":     {http.StatusFound, http.StatusForbidden, http.StatusOK},
			"/api/items": {http.StatusUnauthorized, http.StatusOK, http.StatusOK},
		} {
			if got := [3]int{visitor.Get(path).Status, user.Get(path).Status, staff.Get(path).Status}; got != want {
				t.Errorf("%s: %v for a visitor, a user and staff, want %v", path, got, want)
			}
		}
		if got := staff.Get("/staff").Body; !strings.Contains(got, "<td>ada</td><td>1</td>") {
			t.Errorf("the page of the staff: %s", got)
		}
	})
}

// TestTogether: where the first item cannot be stored, there is no user either.
func TestTogether(t *testing.T) {
	onEach(t, func(t *testing.T, site *coatchecktest.Site, handler http.Handler) {
		if _, err := site.Database.SQL().ExecContext(t.Context(), "DROP TABLE todo_item"); err != nil {
			t.Fatal(err)
		}
		if got := site.NewClient(handler).Post("/accounts/signup/", ada); got.Status != http.StatusServiceUnavailable {
			t.Errorf("the sign-up: %d %s", got.Status, got.Body)
		}
		if _, err := site.Auth.UserByUsername(t.Context(), "ada"); !errors.Is(err, auth.ErrNoUser) {
			t.Errorf("the user: %v", err)
		}
	})
}

func TestSecretKey(t *testing.T) {
	t.Setenv("SECRET_KEY", "")
	t.Chdir(t.TempDir())
	first, err := secretKey("todo.secret")
	if err != nil || len(first) < 50 {
		t.Fatalf("a key of %d characters, %v", len(first), err)
	}
	if second, err := secretKey("todo.secret"); second != first || err != nil {
		t.Errorf("another key at the second run, %v", err)
	}
}
