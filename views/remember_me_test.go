package views_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/views"
)

// The cookies that Django sends: after set_expiry(0), and by default.
var (
	untilClosed = regexp.MustCompile(`^sessionid=[a-z0-9]{32}; HttpOnly; Path=/; SameSite=Lax$`)
	twoWeeks    = regexp.MustCompile(`^sessionid=[a-z0-9]{32}; expires=[^;]+ GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax$`)
)

const (
	nothing = "" // of an expiry of the session's own
	closing = "0"
)

// sessionCookie is the line that sets the session cookie.
func (a *answer) sessionCookie() string {
	for _, line := range a.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "sessionid=") {
			return line
		}
	}
	return ""
}

// expiry returns the stored expiry of the session's own, as Django has it in the
// data, and how long its row lives.
func (s *wholeSite) expiry(t *testing.T, key string) (raw string, life time.Duration) {
	t.Helper()
	row, err := s.whole.Sessions.Config().Store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ = row.Data.Get("_session_expiry")
	stored, err := s.db.SessionByKey(t.Context(), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return raw, time.Until(stored.Expires).Round(time.Hour)
}

func TestRememberMe(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	with := func(rest string) string { return `{"username":"ada","password":"` + canary + `"` + rest + `}` }
	for _, tt := range []struct {
		kind, body string
		cookie     *regexp.Regexp
		stored     string
	}{
		{"json", with(``), twoWeeks, nothing},
		{"json", with(`,"remember":null`), twoWeeks, nothing},
		{"json", with(`,"remember":true`), twoWeeks, nothing},
		{"json", with(`,"remember":false`), untilClosed, closing},
		{"json", with(`,"remember":"no"`), untilClosed, closing},
		{"x-www-form-urlencoded", "username=ada&password=" + canary, twoWeeks, nothing},
		{"x-www-form-urlencoded", "username=ada&password=" + canary + "&remember=", twoWeeks, nothing},
		{"x-www-form-urlencoded", "username=ada&password=" + canary + "&remember=no&remember=yes", twoWeeks, nothing},
		{"x-www-form-urlencoded", "username=ada&password=" + canary + "&remember=no", untilClosed, closing},
		{"x-www-form-urlencoded", "username=ada&password=" + canary + "&remember=on", twoWeeks, nothing},
	} {
		for _, c := range []*client{s.browser(t), s.program(t)} {
			a := c.do("POST", "/accounts/login/", "application/"+tt.kind, tt.body)
			if line := a.sessionCookie(); !tt.cookie.MatchString(line) {
				t.Errorf("%s: the cookie is %q", tt.body, line)
				continue
			}
			// The row lives for two weeks in either case, as Django's does.
			if stored, life := s.expiry(t, a.cookie()); stored != tt.stored || life != 14*24*time.Hour {
				t.Errorf("%s: stored %q, for %v", tt.body, stored, life)
			}
		}
	}
	for _, wrong := range []string{`"maybe"`, `7`, `{}`} {
		s.program(t).json("/accounts/login/", with(`,"remember":`+wrong)).wantJSON(t, 400,
			`{"error":"Remember me on this device: Enter yes or no.","fields":{"remember":["Enter yes or no."]}}`)
	}
}

func TestRememberMePage(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	b := s.browser(t)
	box := b.get("/accounts/login/").page(t).where("input", "id", "id_remember")
	if box.attr("type") != "checkbox" || box.attr("value") != "yes" || !box.has("checked") || box.has("required") || box.has("autofocus") {
		t.Errorf("%v", box.Attr)
	}
	page := b.form("/accounts/login/", "username", "ada", "password", "wrong", "remember", "no").page(t)
	if page.where("input", "id", "id_remember").has("checked") {
		t.Error("the choice is forgotten after an error")
	}
	hidden := page.field("remember") // before the box, so that the box wins
	if hidden.attr("type") != "hidden" || hidden.attr("value") != "no" {
		t.Errorf("%v", hidden.Attr)
	}
}

// The choice stays when the session gets another key, and is each session's own.
func TestRememberMeStays(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	shared, own := s.browser(t), s.browser(t)
	shared.form("/accounts/login/", "username", "ada", "password", canary, "remember", "no")
	before := shared.sessionKey()
	a := shared.form("/accounts/password_change/", "old_password", canary, "new_password1", another)
	if key := a.cookie(); key == "" || key == before || !untilClosed.MatchString(a.sessionCookie()) {
		t.Errorf("after another key: %q", a.sessionCookie())
	}
	a = own.form("/accounts/login/", "username", "ada", "password", another, "remember", "yes")
	if !twoWeeks.MatchString(a.sessionCookie()) {
		t.Errorf("another browser: %q", a.sessionCookie())
	}
	// Users who log in again may choose again; after a logout nothing is left of it.
	a = shared.form("/accounts/login/", "username", "ada", "password", another, "remember", "yes")
	if !twoWeeks.MatchString(a.sessionCookie()) {
		t.Errorf("chosen again: %q", a.sessionCookie())
	}
	shared.form("/accounts/login/", "username", "ada", "password", another, "remember", "no")
	shared.form("/accounts/logout/")
	if a = shared.form("/accounts/login/", "username", "ada", "password", another); !twoWeeks.MatchString(a.sessionCookie()) {
		t.Errorf("after a logout: %q", a.sessionCookie())
	}
}

// Where the site's sessions end with the browser, the box makes one that stays.
func TestRememberMeWhereSessionsEndWithTheBrowser(t *testing.T) {
	s := newWhole(t, func(c *coatcheck.Config) { c.Sessions.ExpireAtBrowserClose = true })
	s.user(t, "ada")
	for remember, want := range map[string]*regexp.Regexp{"": untilClosed, "no": untilClosed, "yes": twoWeeks} {
		a := s.browser(t).form("/accounts/login/", "username", "ada", "password", canary, "remember", remember)
		if !want.MatchString(a.sessionCookie()) {
			t.Errorf("%q: %q", remember, a.sessionCookie())
		}
	}
}

func TestNoRememberMe(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.NoRememberMe = true })
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	if box := b.get("/accounts/login/").page(t).field("remember"); box.Node != nil {
		t.Error("the box is there")
	}
	a := b.form("/accounts/login/", "username", "ada", "password", canary, "remember", "no")
	if a.StatusCode != http.StatusFound || !twoWeeks.MatchString(a.sessionCookie()) {
		t.Errorf("%d %q", a.StatusCode, a.sessionCookie())
	}
}
