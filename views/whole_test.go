package views_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// What browsers call themselves.
const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// wholeSite is a site that the front door wired.
type wholeSite struct {
	*site
	whole *coatcheck.Site
}

// newWhole starts a site with accounts and email that the front door wires. The
// changes are made to its configuration.
func newWhole(t testing.TB, changes ...func(*coatcheck.Config)) *wholeSite {
	t.Helper()
	sent := &featuretest.Outbox{}
	whole := coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		c.Accounts.Mail, c.Site.BaseURL, c.Site.Logger = sent, baseURL, slog.Default()
	}}, changes...)...).Site
	mux := http.NewServeMux()
	mux.Handle("/accounts/", whole.Views)
	mux.Handle("/api/profile", whole.Views.APIProfile())
	trace := middleware.Trace(func(block string) { io.WriteString(&output, block) })
	server := httptest.NewServer(trace(whole.Handler(mux)))
	t.Cleanup(server.Close)
	return &wholeSite{&site{server, whole.Database, whole.Auth, whole.Accounts, sent, whole.Views}, whole}
}

// on lets a site use the database.
func on(db *database.DB) func(*coatcheck.Config) {
	return func(c *coatcheck.Config) { c.Database = db }
}

// as lets the client call itself something.
func (c *client) as(userAgent string) *client {
	c.http.Transport = named{userAgent}
	return c
}

// named sends a User-Agent with every request.
type named struct{ userAgent string }

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", n.userAgent)
	return http.DefaultTransport.RoundTrip(r)
}

// program is a program that shares the cookies of a browser.
func (c *client) program() *client { return &client{c.t, c.site, c.http, "*/*"} }

// enter logs a browser in.
func (s *site) enter(t testing.TB, username, userAgent string) *client {
	t.Helper()
	c := s.browser(t).as(userAgent)
	if a := c.login(username); a.StatusCode != http.StatusFound {
		t.Fatalf("login: %d %s", a.StatusCode, a.text)
	}
	return c
}

// user creates a user with an address.
func (s *site) user(t testing.TB, name string) *auth.User {
	t.Helper()
	return s.addUser(t, auth.NewUser{Username: name, Email: name + "@example.com"})
}

// wantIn checks whether somebody is signed in to the client.
func (c *client) wantIn(in bool) {
	c.t.Helper()
	if got := c.get("/api/profile").StatusCode; (got == http.StatusOK) != in {
		c.t.Errorf("signed in: %d, want %v", got, in)
	}
}

// sessionKey is the session cookie of the client.
func (c *client) sessionKey() string {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.site.URL, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range c.http.Jar.Cookies(r.URL) {
		if cookie.Name == sessions.DefaultCookieName {
			return cookie.Value
		}
	}
	return ""
}
