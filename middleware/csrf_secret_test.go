package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
)

// TestVisitorsCreateNoSessions: a visitor without a session has the secret in a cookie
// that scripts cannot read, whatever dead key they send, and their forms are good.
func TestVisitorsCreateNoSessions(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	for _, cookie := range []string{"", "sessionid=" + oldKey, "sessionid=" + oldKey + "; csrftoken=x"} {
		for range 100 {
			v := g.visitor(t)
			response, token := v.send("GET", "/form", "", "", "Cookie", cookie)
			var secret string
			for _, c := range response.Cookies() {
				if c.Name == "csrftoken" && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Domain == "" {
					secret = c.Value
				}
			}
			if secret == "" || response.Header.Get("Cache-Control") != "private" {
				t.Fatalf("%q: %v", cookie, response.Header)
			}
			if response, body := v.post("/x", token, "Cookie", "csrftoken="+secret); response.StatusCode != 200 {
				t.Fatalf("%q: the form: %d %s", cookie, response.StatusCode, body)
			}
		}
	}
	if all := g.store.Sessions(); len(all) != 0 {
		t.Errorf("visitors created %d sessions", len(all))
	}
}

// TestVisitorLogsIn: at the login a new secret goes into the session and the cookie is
// deleted; a form from before is refused, and so is the cookie when it comes back.
func TestVisitorLogsIn(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	v := g.visitor(t)
	token, secret := v.token(), v.secret()
	if response, _ := v.post("/login", token); response.StatusCode != 200 || v.secret() != "" {
		t.Errorf("%d, the cookie is %q", response.StatusCode, v.secret())
	}
	for key, text := range g.store.Sessions() {
		if !strings.Contains(text, `"_csrftoken"`) || strings.Contains(text, secret) {
			t.Errorf("%s: %s", key, text)
		}
	}
	for name, header := range map[string][]string{"alone": nil, "with the cookie of before": {"Cookie", "csrftoken=" + secret}} {
		if response, _ := v.post("/x", token, header...); response.StatusCode != 403 {
			t.Errorf("a form from before the login, %s: %d", name, response.StatusCode)
		}
		if response, _ := v.post("/x", v.token(), header...); response.StatusCode != 200 {
			t.Errorf("a form from after the login, %s: %d", name, response.StatusCode)
		}
	}
}

// TestVisitorGetsASession: a form that was open before the visitor got a session is
// still good, and the secret moves into the session with the next form.
func TestVisitorGetsASession(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	v := g.visitor(t)
	before, secret := v.token(), v.secret()
	v.send("GET", "/cart", "", "")
	if response, _ := v.post("/x", before); response.StatusCode != 200 {
		t.Errorf("the form of before: %d", response.StatusCode)
	}
	after := v.token()
	for key, text := range g.store.Sessions() {
		if !strings.Contains(text, secret) || v.secret() != "" {
			t.Errorf("%s: %s, and the cookie %q", key, text, v.secret())
		}
	}
	for _, token := range []string{before, after} {
		if response, _ := v.post("/x", token); response.StatusCode != 200 {
			t.Errorf("with the secret in the session: %d", response.StatusCode)
		}
	}
}

// TestPlantedCookie: a cookie that a subdomain planted is worth nothing where the
// session has a secret or a user, and where the site has HTTPS it cannot be planted.
func TestPlantedCookie(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	evil := csrf.NewSecret()
	for _, session := range []string{
		`{"_csrftoken":"` + csrf.NewSecret().Text() + `"}`, `{"_auth_user_id":"1"}`, `{"_auth_user_id":"1","_csrftoken":"x"}`,
	} {
		g.store.Put(oldKey, session)
		response, _ := g.visitor(t).post("/x", evil.Token(), "Cookie", "sessionid="+oldKey+"; csrftoken="+evil.Text())
		if response.StatusCode != 403 {
			t.Errorf("%s: %d", session, response.StatusCode)
		}
	}
	for _, tt := range []struct {
		config middleware.CSRFConfig
		name   string
	}{
		{middleware.CSRFConfig{CookieSecure: true}, "__Host-csrftoken"},
		{middleware.CSRFConfig{CookieSecure: true, CookieName: "__Host-x"}, "__Host-x"},
		{middleware.CSRFConfig{CookieSecure: true, CookiePath: "/app/"}, "csrftoken"},
		{middleware.CSRFConfig{CookieSecure: true, SessionCookieDomain: "example.com"}, "csrftoken"},
		{middleware.CSRFConfig{CookieSecure: true, CookieDomain: "example.com"}, "__Host-csrftoken"}, // which is not asked
		{middleware.CSRFConfig{}, "csrftoken"},
	} {
		tt.config.UseSessions = true
		g := newGuarded(t, true, tt.config)
		response, token := g.visitor(t).send("GET", "/form", "", "")
		c := response.Cookies()[0]
		if c.Name != tt.name || c.Secure != tt.config.CookieSecure || c.Domain != tt.config.SessionCookieDomain || !c.HttpOnly {
			t.Errorf("%+v: %v", tt.config, c)
		}
		for name, status := range map[string]int{tt.name: 200, "other": 403} {
			response, _ := g.visitor(t).post("/x", token, "Cookie", name+"="+c.Value, "Origin", g.URL)
			if response.StatusCode != status {
				t.Errorf("%+v, the cookie %s: %d", tt.config, name, response.StatusCode)
			}
		}
	}
}
