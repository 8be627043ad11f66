package views_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/views"
)

// guardedSite is a site whose guard is Django's.
func guardedSite(t testing.TB, c middleware.CSRFConfig) *site {
	t.Helper()
	s := newSite(t)
	engine, err := sessions.New(sessions.Config{Store: sessionstest.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	c.Failure = s.views.CSRFFailure
	guard, err := middleware.CSRF(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(views.Path, s.views)
	mux.Handle("/{$}", s.views.Home())
	mux.Handle(views.PublicURL, s.views.Public())
	server := httptest.NewServer(middleware.Chain(middleware.Sessions(engine), guard, middleware.Authentication(s.auth))(mux))
	t.Cleanup(server.Close)
	return &site{Server: server, db: s.db, auth: s.auth, views: s.views}
}

// token is what the first form of a page sends along.
func (a *answer) token(t testing.TB) string {
	t.Helper()
	return a.page(t).where("input", "name", csrf.FormField).attr("value")
}

// TestFormsCarryTokens: every form that posts has a token where the guard is
// Django's, and it is good; pages without a form set no cookie.
func TestFormsCarryTokens(t *testing.T) {
	s := guardedSite(t, middleware.CSRFConfig{})
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	if a := b.get("/public/"); a.Header.Get("Set-Cookie") != "" || a.Header.Get("Vary") != "Accept, Accept-Language, Cookie" {
		t.Errorf("a page without a form: %v", a.Header)
	}
	if a := b.form("/accounts/login/", "username", "ada", "password", canary); a.StatusCode != 403 {
		t.Errorf("without a token: %d", a.StatusCode)
	}
	form := b.get("/accounts/login/")
	if vary := form.Header.Get("Vary"); !strings.Contains(vary, "Cookie") {
		t.Errorf("Vary: %s", vary)
	}
	wrong := b.form("/accounts/login/", "username", "ada", "password", "wrong", csrf.FormField, form.token(t))
	if wrong.StatusCode != 200 || wrong.token(t) == form.token(t) {
		t.Errorf("the form with its error: %d", wrong.StatusCode)
	}
	b.form("/accounts/login/", "username", "ada", "password", canary, csrf.FormField, wrong.token(t)).wantRedirect(t, "/accounts/profile/")
	for _, path := range []string{"/", "/accounts/profile/", "/accounts/logout/", "/accounts/signup/"} {
		page := b.get(path).page(t)
		forms := page.all("form")
		if len(forms) == 0 {
			t.Errorf("%s has no form", path)
		}
		for _, form := range forms {
			if len(form.field(csrf.FormField).attr("value")) != csrf.TokenLength {
				t.Errorf("%s has a form without a token", path)
			}
		}
	}
	if a := b.form("/accounts/logout/"); a.StatusCode != 403 {
		t.Errorf("a logout without a token: %d", a.StatusCode)
	}
	if a := b.form("/accounts/logout/", csrf.FormField, b.get("/").token(t)); a.StatusCode != 200 {
		t.Errorf("a logout: %d", a.StatusCode)
	}
}

// TestFormsWithoutTokens: where the guard needs none there is none.
func TestFormsWithoutTokens(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/accounts/login/", "/accounts/signup/", "/accounts/logout/"} {
		if a := s.browser(t).get(path); strings.Contains(a.text, csrf.FormField) || strings.Contains(a.Header.Get("Set-Cookie"), "csrftoken") {
			t.Errorf("%s has a token", path)
		}
	}
}

// TestTokensInSessions: a failure of the store while a page asks for its token is told as
// such.
func TestTokensInSessions(t *testing.T) {
	s := guardedSite(t, middleware.CSRFConfig{UseSessions: true})
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	token := b.get("/accounts/login/").token(t)
	b.form("/accounts/login/", "username", "ada", "password", canary, csrf.FormField, token).wantRedirect(t, "/accounts/profile/")
	if a := b.form("/accounts/logout/", csrf.FormField, token); a.StatusCode != 403 {
		t.Errorf("a token from before the login: %d", a.StatusCode)
	}
}

// TestCSRFFailure: a page with cause, setting and Django's reason, and the same
// in JSON; never kept by a cache, and with the headers of every page.
func TestCSRFFailure(t *testing.T) {
	s := guardedSite(t, middleware.CSRFConfig{})
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/accounts/login/", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://<b>evil</b>")
	r.Header.Set("Accept", browser)
	a := s.browser(t).send(r)
	page := a.page(t)
	if a.StatusCode != 403 || page.one("h1").text() != "This form was not accepted" || !strings.Contains(page.one("dl").text(), "CSRF_TRUSTED_ORIGINS") ||
		!strings.Contains(page.one("dl").text(), "Origin checking failed - https://<b>evil</b> does not match any trusted origins.") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'", "Vary": "Accept", "X-Frame-Options": "DENY",
	} {
		if got := a.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	s.program(t).form("/accounts/login/").wantJSON(t, 403, `{
		"error": "The request came without the cookie csrftoken. Get a page with a form first, keep its cookie, and send its token along as csrfmiddlewaretoken or X-Csrftoken.",
		"reason": "CSRF cookie not set.",
		"remedy": "For clients that are no browsers, let the cross-origin check guard the site: it needs no token.",
		"setting": "Guard"}`)
}
