package coatcheck_test

import (
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/views"
)

// TestNewMakesNoQuery: a site is wired by what opening the database found out, so that New
// succeeds on a database that is closed by now.
func TestNewMakesNoQuery(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (*database.DB, error){
		"sqlite":   func(t *testing.T) (*database.DB, error) { return sqlite.Open(t.Context(), ":memory:") },
		"postgres": func(t *testing.T) (*database.DB, error) { return postgres.Open(t.Context(), testenv.Postgres(t)) },
		"mysql":    func(t *testing.T) (*database.DB, error) { return mysql.Open(t.Context(), testenv.MariaDB(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			c := coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: testKey}}
			c.Accounts.Mail, c.Site.BaseURL = unsent{}, "https://www.example.com"
			c.Views.SignupVerification = true
			c.Web.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User"}
			c.Web.TrustedProxies = []string{"127.0.0.1"}
			c.Logins.Conditions = []database.LoginCondition{{Table: "otp_totp_totpdevice", Column: "user_id"}}
			if _, err := coatcheck.New(c); err != nil {
				t.Errorf("New asks the database: %v", err)
			}
		})
	}
}

// TestBrokenPageIsLogged: the site's logger is told of a page that cannot be made, and not the
// default one.
func TestBrokenPageIsLogged(t *testing.T) {
	log, others := &lines{}, &lines{}
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(others, nil)))
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Site.Logger = slog.New(slog.NewJSONHandler(log, nil))
		c.Views.Templates = fstest.MapFS{
			"shop_books.html": {Data: []byte(`{{define "main"}}{{index .Data 7}}{{end}}`)},
		}
	})
	client := site.NewClient(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site.Views.Render(w, r, http.StatusOK, "shop_books.html", []int{1})
	})))
	if got := client.Get("/"); got.Status != http.StatusInternalServerError {
		t.Errorf("a broken page: %d, want 500", got.Status)
	}
	found := false
	for _, line := range log.take() {
		found = found || line["msg"] == "page could not be made"
	}
	if !found {
		t.Error("the site's log does not name the broken page")
	}
	if lines := others.take(); len(lines) > 0 {
		t.Errorf("the default log has %v", lines)
	}
}

// TestNothingIsOverwritten: the configuration is a few fields, and none of them is for what New
// itself makes and hands down, which it would overwrite.
func TestNothingIsOverwritten(t *testing.T) {
	config := reflect.TypeFor[coatcheck.Config]()
	if n := config.NumField(); n > 9 {
		t.Errorf("Config has %d fields; put a new one into a group", n)
	}
	made := []reflect.Type{
		reflect.TypeFor[auth.Service](), reflect.TypeFor[sessions.Engine](), reflect.TypeFor[accounts.Service](), reflect.TypeFor[views.Views](),
	}
	keys := 0
	seen := map[reflect.Type]bool{}
	var look func(path string, of reflect.Type)
	look = func(path string, of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		switch {
		case slices.Contains(made, of):
			t.Errorf("%s is what New makes", path)
		case of == reflect.TypeFor[coatcheck.Keys]():
			keys++
		case of.Kind() == reflect.Struct && strings.HasPrefix(of.PkgPath(), "github.com/coatcheck/") && !seen[of]:
			seen[of] = true
			for i := range of.NumField() {
				if f := of.Field(i); f.IsExported() {
					look(path+"."+f.Name, f.Type)
				}
			}
		}
	}
	look("Config", config)
	if keys != 1 || len(seen) < 10 {
		t.Errorf("the keys are set in %d places, want one; %d types were looked at", keys, len(seen))
	}
}
