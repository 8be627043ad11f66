package coatcheck_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/throttle"
)

// guardedBy creates a site whose one page responds with a token, and returns it.
func guardedBy(t *testing.T, c coatcheck.Config) *client {
	t.Helper()
	site, err := coatcheck.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := middleware.CSRFToken(r)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, token)
	})))
	t.Cleanup(server.Close)
	return newClient(t, server)
}

// TestGuards: which requests each guard lets pass.
func TestGuards(t *testing.T) {
	for _, tt := range []struct {
		guard             coatcheck.Guard
		curl, page, mixed bool // nothing; a token; a token from another site's page
		tokens            bool
	}{
		{"", true, true, false, false},
		{coatcheck.GuardCrossOrigin, true, true, false, false},
		{coatcheck.GuardDjango, false, true, true, true},
		{coatcheck.GuardBoth, false, true, false, true},
	} {
		c := testConfig(t)
		c.Web.Guard = tt.guard
		b := guardedBy(t, c)
		_, token := b.do("GET", "/", "")
		if (len(token) == csrf.TokenLength) != tt.tokens {
			t.Errorf("%s: the token is %q", tt.guard, token)
		}
		for name, try := range map[string]struct {
			header []string
			good   bool
		}{
			"nothing":                    {nil, tt.curl},
			"a token":                    {[]string{"X-CSRFToken", token}, tt.page},
			"a token and Sec-Fetch-Site": {[]string{"X-CSRFToken", token, "Sec-Fetch-Site", "cross-site"}, tt.mixed},
			"another site":               {[]string{"Origin", "https://evil.example"}, false},
		} {
			if response, body := b.do("POST", "/", "a=b", try.header...); (response.StatusCode == 200) != try.good {
				t.Errorf("%q, %s: %d %s", tt.guard, name, response.StatusCode, body)
			}
		}
	}
}

// TestGuardOfTheDatabase: a database that Coatcheck made stays one when it is
// opened again, and one of Django's is guarded as Django's.
func TestGuardOfTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	for _, tt := range []struct{ name, change string }{
		{"made here", ""},
		{"opened again", ""},
		{"made by Django", "UPDATE django_migrations SET applied = '2024-01-01 00:00:00.' || printf('%06d', id)"},
		{"without rows", "DELETE FROM django_migrations WHERE app = 'auth'"},
	} {
		db, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if tt.change != "" {
			if _, err := db.SQL().ExecContext(t.Context(), tt.change); err != nil {
				t.Fatal(err)
			}
			db.Close()
			if db, err = sqlite.Open(t.Context(), path); err != nil { // which looks who made it
				t.Fatal(err)
			}
		}
		c := testConfig(t)
		c.Database = db
		_, token := guardedBy(t, c).do("GET", "/", "")
		if (token != "") != (tt.change != "") {
			t.Errorf("%s: the token is %q", tt.name, token)
		}
		db.Close()
	}
}

// TestHostsAndProxies: the settings reach the middleware, and what it finds out
// reaches the guards.
func TestHostsAndProxies(t *testing.T) {
	c := testConfig(t)
	c.Web.Guard = coatcheck.GuardBoth
	c.Web.AllowedHosts = []string{"127.0.0.1", "a.example"}
	c.Web.TrustedProxies = []string{"127.0.0.1"}
	c.Web.Proxy.ForwardedHost = true
	c.Web.Security = &middleware.SecurityConfig{HSTSSeconds: 60}
	b := guardedBy(t, c)
	https := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "a.example"}
	response, token := b.do("GET", "/", "", https...)
	if response.Header.Get("Strict-Transport-Security") != "max-age=60" || response.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%v", response.Header)
	}
	post := append([]string{"X-CSRFToken", token, "Origin", "https://a.example"}, https...)
	if response, body := b.do("POST", "/", "a=b", post...); response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if response, _ := b.do("GET", "/", "", "X-Forwarded-Host", "evil.example"); response.StatusCode != 400 {
		t.Errorf("another host: %d", response.StatusCode)
	}
	c = testConfig(t)
	c.Web.AllowedHosts = []string{}
	if response, _ := guardedBy(t, c).do("GET", "/", ""); response.StatusCode != 400 {
		t.Errorf("no host allowed: %d", response.StatusCode)
	}
}

func TestGuardMistakes(t *testing.T) {
	for want, spoil := range map[string]func(*coatcheck.Config){
		"Config.Web.Guard is":     func(c *coatcheck.Config) { c.Web.Guard = "none" },
		"ProxyConfig.Trusted":     func(c *coatcheck.Config) { c.Web.TrustedProxies = []string{"proxy"} },
		"HostsConfig.Allowed":     func(c *coatcheck.Config) { c.Web.AllowedHosts = []string{"https://a.example"} },
		"Security.SSLHost":        func(c *coatcheck.Config) { c.Web.Security = &middleware.SecurityConfig{SSLRedirect: true} },
		"SecurityConfig.Referrer": func(c *coatcheck.Config) { c.Web.Security = &middleware.SecurityConfig{ReferrerPolicy: "x"} },
		"CSRFConfig.HeaderName":   func(c *coatcheck.Config) { c.Web.Guard, c.Web.CSRF.HeaderName = coatcheck.GuardDjango, "a b" },
		"set Config.Web.Guard": func(c *coatcheck.Config) {
			c.Database = changed(t, "ALTER TABLE django_migrations RENAME COLUMN applied TO other")
		},
		"ThrottleOff is set":                           func(c *coatcheck.Config) { c.Logins.ThrottleOff, c.Logins.Throttle.Store = true, throttle.NewMemory(0) },
		"Config.Throttle: attempts: the limit Account": func(c *coatcheck.Config) { c.Logins.Throttle.Account.Burst = -1 },
	} {
		c := testConfig(t)
		spoil(&c)
		if site, err := coatcheck.New(c); site != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestCSRFBehindProxy: the host and the port by which a page is judged are those
// that the trusted proxy names.
func TestCSRFBehindProxy(t *testing.T) {
	c := testConfig(t)
	c.Web.Guard, c.Web.TrustedProxies = coatcheck.GuardDjango, []string{"127.0.0.1"}
	c.Web.Proxy = middleware.ProxyConfig{ForwardedHost: true, ForwardedPort: true}
	client := guardedBy(t, c)
	proxied := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "www.example.com", "X-Forwarded-Port", "443"}
	_, token := client.do("GET", "/", "", proxied...)
	form := "csrfmiddlewaretoken=" + token
	for referer, want := range map[string]int{
		"https://www.example.com/somepage":      200,
		"https://www.example.com:8443/somepage": 403, "https://127.0.0.1/somepage": 403, "http://www.example.com/somepage": 403, "": 403,
	} {
		if response, _ := client.do("POST", "/", form, append([]string{"Referer", referer}, proxied...)...); response.StatusCode != want {
			t.Errorf("from %q: %d, want %d", referer, response.StatusCode, want)
		}
	}
}

// TestCSRFCookieOfASecureSite: with the secrets in sessions, the cookie of visitors
// without one is as secure as that of the sessions.
func TestCSRFCookieOfASecureSite(t *testing.T) {
	for name, change := range map[string]func(*coatcheck.Config){
		"__Host-csrftoken": func(c *coatcheck.Config) { c.Sessions.CookieSecure = true },
		"csrftoken": func(c *coatcheck.Config) {
			c.Sessions.CookieSecure, c.Sessions.CookieDomain = true, "example.com"
		},
	} {
		c := testConfig(t)
		c.Web.Guard, c.Web.CSRF.UseSessions = coatcheck.GuardDjango, true
		change(&c)
		response, _ := guardedBy(t, c).do("GET", "/", "")
		if cookies := response.Cookies(); len(cookies) != 1 || cookies[0].Name != name || !cookies[0].Secure {
			t.Errorf("want %s: %v", name, cookies)
		}
	}
}
