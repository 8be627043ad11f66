package coatcheck_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
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
			c := coatcheck.Config{Database: db, SecretKey: testKey}
			c.Accounts.Mail, c.Accounts.BaseURL = unsent{}, "https://www.example.com"
			c.Views.SignupVerification = true
			c.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User"}
			c.TrustedProxies = []string{"127.0.0.1"}
			c.LoginConditions = []database.LoginCondition{{Table: "otp_totp_totpdevice", Column: "user_id"}}
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
		c.Logger = slog.New(slog.NewJSONHandler(log, nil))
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

// TestNothingIsOverwritten: what a layer's settings have that is the site's own is refused, with
// the setting to use; without it the same configuration is good.
func TestNothingIsOverwritten(t *testing.T) {
	site := coatchecktest.NewSite(t)
	for name, set := range map[string]func(*coatcheck.Config){
		"Accounts.Database":   func(c *coatcheck.Config) { c.Accounts.Database = site.Database },
		"Accounts.Auth":       func(c *coatcheck.Config) { c.Accounts.Auth = site.Auth },
		"Accounts.Sessions":   func(c *coatcheck.Config) { c.Accounts.Sessions = site.Sessions },
		"Accounts.SecretKey":  func(c *coatcheck.Config) { c.Accounts.SecretKeyFallbacks = []string{testKey} },
		"Accounts.Serializer": func(c *coatcheck.Config) { c.Accounts.Serializer = sessions.JSONSerializer },
		"Views.Auth":          func(c *coatcheck.Config) { c.Views.Auth = site.Auth },
		"Views.Accounts":      func(c *coatcheck.Config) { c.Views.Accounts = site.Accounts },
		"Messages.SecretKey":  func(c *coatcheck.Config) { c.Messages.SecretKey = testKey },
		"Messages.Cookie…":    func(c *coatcheck.Config) { c.Messages.CookieSecure = true },
		"RemoteUser.Auth": func(c *coatcheck.Config) {
			c.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User", Auth: site.Auth}
		},
	} {
		c := coatcheck.Config{Database: site.Database, SecretKey: testKey}
		if _, err := coatcheck.New(c); err != nil {
			t.Fatal(err)
		}
		set(&c)
		_, err := coatcheck.New(c)
		if err == nil || !strings.Contains(err.Error(), "Config."+name+" is set") {
			t.Errorf("%s: %v, want it refused by name", name, err)
		}
	}
}
