package name_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

const browser = "text/html"

// TestName: users change their own name, by the page and in JSON, on every database.
func TestName(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (*database.DB, error){
		"SQLite": func(t *testing.T) (*database.DB, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "name.db"))
		},
		"PostgreSQL": func(t *testing.T) (*database.DB, error) { return postgres.Open(t.Context(), testenv.Postgres(t)) },
		"MariaDB":    func(t *testing.T) (*database.DB, error) { return mysql.Open(t.Context(), testenv.MariaDB(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			testName(t, coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database = db }))
		})
	}
}

func testName(t *testing.T, site *coatchecktest.Site) {
	user, err := site.Auth.CreateUser(t.Context(), auth.NewUser{Username: "ada", Email: "ada@example.com", LastName: "Byron"})
	if err != nil {
		t.Fatal(err)
	}
	wantName := func(when, want string) {
		t.Helper()
		got, err := site.Database.UserByID(t.Context(), user.ID)
		if err != nil || got.FullName() != want || got.Email != user.Email || got.Password != user.Password || got.IsStaff {
			t.Errorf("%s: %+v (%v), want the name %q and nothing else changed", when, got, err, want)
		}
	}
	visitor := site.NewClient(site.Handler(site.Views))
	if got := visitor.PostJSON("/accounts/name/", map[string]any{"first_name": "Eve"}); got.Status != http.StatusUnauthorized {
		t.Errorf("a visitor: %d %s", got.Status, got.Body)
	}
	client := site.NewClient(site.Handler(site.Views))
	client.ForceLogin(user)
	client.Header = http.Header{"Accept": {browser}}
	if got := client.Get("/accounts/profile/"); !strings.Contains(got.Body, `<a href="/accounts/name/">Name</a>`) {
		t.Errorf("the profile does not lead to the page: %s", got.Body)
	}
	if got := client.Get("/accounts/name/"); !strings.Contains(got.Body, `value="Byron"`) {
		t.Errorf("the page does not show the name: %s", got.Body)
	}
	got := client.Post("/accounts/name/", url.Values{"first_name": {" Ada "}, "last_name": {"Lovelace"}, "is_staff": {"yes"}})
	if got.Status != http.StatusFound || got.Location() != "/accounts/profile/" {
		t.Errorf("the form: %d %s", got.Status, got.Location())
	}
	wantName("after the form", "Ada Lovelace")

	client.Header = nil
	got = client.PostJSON("/accounts/name/", map[string]any{"last_name": "King"})
	if got.Status != http.StatusOK || !strings.Contains(got.Body, `"message":"Name changed successfully"`) {
		t.Errorf("JSON: %d %s", got.Status, got.Body)
	}
	wantName("after JSON without a first name", "Ada King")
	for _, wrong := range []any{strings.Repeat("é", 151), "a\x00b", 7} {
		got := client.PostJSON("/accounts/name/", map[string]any{"last_name": "Lost", "first_name": wrong})
		if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, `"first_name":[`) {
			t.Errorf("%v: %d %s", wrong, got.Status, got.Body)
		}
	}
	wantName("after what is wrong", "Ada King")
	client.PostJSON("/accounts/name/", map[string]any{"first_name": "", "last_name": ""})
	wantName("after it was emptied", "")
}

// TestNoNames: a user model without names has no page for them.
func TestNoNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "name.db")
	db, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	const table = `CREATE TABLE member (id integer PRIMARY KEY, username varchar(150) NOT NULL UNIQUE, password varchar(128) NOT NULL,
		last_login datetime NULL, is_superuser bool NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL,
		is_active bool NOT NULL, date_joined datetime NOT NULL)`
	for _, statement := range []string{
		table, "CREATE TABLE member_groups (id integer PRIMARY KEY, member_id integer, group_id integer)",
		"CREATE TABLE member_user_permissions (id integer PRIMARY KEY, member_id integer, permission_id integer)",
	} {
		if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	model, err := sqlite.Config{DSN: file, UserModel: database.UserModel{
		Table: "member", Columns: map[string]string{"first_name": "", "last_name": ""},
	}}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database = model })
	if site.Views.Route("name").Pattern != "" {
		t.Error("there is a page for names that nobody has")
	}
}
