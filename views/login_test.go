package views_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

const invalidLogin = "Please enter a correct username and password. Note that both fields may be case-sensitive."

func TestLoginJSON(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	for _, post := range []func(*client) *answer{
		func(p *client) *answer { return p.login("ada") },
		func(p *client) *answer { return p.login(" ａda\n") }, // stripped and normalized, as in Django
		func(p *client) *answer {
			return p.json("/accounts/login/", `{"username":"ada","password":"`+canary+`"}`)
		},
	} {
		p := s.program(t)
		a := post(p)
		a.wantUser(t, "message", "Login successful", "ada")
		if a.cookie() == "" {
			t.Error("no cookie came")
		}
		p.get("/api/profile").wantUser(t, "profile", "private data", "ada")
		p.get("/accounts/profile/").wantUser(t, "profile", "private data", "ada")
	}
	user, err := s.auth.UserByUsername(t.Context(), "ada")
	if err != nil || time.Since(user.LastLogin) > time.Minute {
		t.Errorf("last login %v, %v", user.LastLogin, err)
	}
}

// TestLoginWhileSignedIn: the pages for logging in and signing up show who is signed in already,
// and both ways: on to where the address says, and to another account.
func TestLoginWhileSignedIn(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	s.addUser(t, auth.NewUser{Username: "grace"})
	for path, target := range map[string]string{
		"/accounts/login/": "/accounts/profile/", "/accounts/login/?next=/admin/": "/admin/",
		"/accounts/login/?next=//evil.example/":     "/accounts/profile/",
		"/accounts/login/?next=%2Faccounts%2Flogin": "/accounts/login",
		"/accounts/login/?next=/accounts/login/":    "/accounts/profile/", // no loop
		"/accounts/signup/?next=/admin/":            "/admin/",
	} {
		b := s.browser(t)
		if main := b.get(path).page(t).one("main"); strings.Contains(main.text(), "signed in") || main.field("password").Node == nil {
			t.Errorf("%s: a visitor sees %s", path, main.text())
		}
		b.login("ada")
		a := b.get(path)
		main := a.page(t).one("main")
		on, other := main.where("a", "class", "button"), main.one("form")
		if a.StatusCode != http.StatusOK || !strings.Contains(main.text(), "You are signed in as ada.") || main.field("password").Node != nil {
			t.Errorf("%s: %d %s", path, a.StatusCode, main.text())
		}
		if on.attr("href") != target || on.text() != "Go on" || other.text() != "Use another account" {
			t.Errorf("%s: %q to %q, and %q", path, on.text(), on.attr("href"), other.text())
		}
		b.form(other.attr("action"), "next", other.field("next").attr("value")).wantRedirect(t, path)
		if main := b.get(path).page(t).one("main"); main.field("password").Node == nil {
			t.Errorf("%s: after the logout %s", path, main.text())
		}
	}

	// A form that was open in another tab signs in whom it names, and a program sees no page.
	b := s.browser(t)
	b.login("ada")
	b.login("grace").wantRedirect(t, "/accounts/profile/")
	if profile := b.get("/accounts/profile/").text; !strings.Contains(profile, "grace") {
		t.Error(profile)
	}
	p := s.program(t)
	p.login("ada")
	p.get("/accounts/login/").wantJSON(t, 200, `{"message":"Send username and password by POST, as a form or as JSON."}`)
}

// TestIndex: the address of all account pages leads to the profile, and so visitors to the login.
func TestIndex(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.get("/accounts/").wantRedirect(t, "/accounts/profile/")
	b.get("/accounts/profile/").wantRedirect(t, "/accounts/login/?next=/accounts/profile/")
	s.program(t).get("/accounts/").wantRedirect(t, "/accounts/profile/")
	if a := b.form("/accounts/"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.StatusCode)
	}
}

func TestLoginRefusesJSON(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"username":"ada","password":"wrong"}`, 401, `{"error":"Invalid credentials"}`},
		{`{"username":"nobody","password":"wrong"}`, 401, `{"error":"Invalid credentials"}`},
		{`{"username":"not a name","password":"wrong"}`, 401, `{"error":"Invalid credentials"}`},
		{`{"username":"ada","password":" ` + canary + `"}`, 401, `{"error":"Invalid credentials"}`}, // not stripped
		{`{"username":"ada","password":""}`, 400, `{"error":"Password: ` + required + `","fields":{"password":["` + required + `"]}}`},
		{`{"username":" ","password":"p"}`, 400, `{"error":"Username: ` + required + `","fields":{"username":["` + required + `"]}}`},
		{`{"username":0,"password":false}`, 400, `{"error":"Username: Enter text. Password: Enter text.","fields":{"username":["Enter text."],"password":["Enter text."]}}`},
		{
			`{"username":"` + strings.Repeat("é", 151) + `","password":"p"}`, 400,
			`{"error":"Username: Ensure this value has at most 150 characters (it has 151).",
			"fields":{"username":["Ensure this value has at most 150 characters (it has 151)."]}}`,
		},
		{
			`{"username":"` + strings.Repeat("ﷺ", 10) + `","password":"p"}`, 400, // 180 when normalized
			`{"error":"Username: Ensure this value has at most 150 characters (it has 180).",
			"fields":{"username":["Ensure this value has at most 150 characters (it has 180)."]}}`,
		},
	} {
		a := p.json("/accounts/login/", tt.body)
		a.wantJSON(t, tt.status, tt.want)
		if a.cookie() != "" {
			t.Error("a cookie came")
		}
	}
	if n := s.count(t, "django_session"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestLoginPage(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	page := b.get("/accounts/login/").page(t)
	if page.field("username").attr("autocomplete") != "username" || page.field("password").attr("autocomplete") != "current-password" ||
		page.field("password").attr("type") != "password" || !page.field("username").has("autofocus") || page.field("next").Node != nil {
		t.Error("the form is not as it should be")
	}
	if page.one("form").attr("method") != "post" || page.where("p", "role", "status").Node != nil {
		t.Error("the form is not as it should be")
	}

	a := b.form("/accounts/login/", "username", "ada", "password", "wrong")
	page = a.page(t)
	if a.StatusCode != 200 || page.alert().text() != invalidLogin || page.one("title").text() != "Error: Log in · Coatcheck" {
		t.Errorf("%d %q", a.StatusCode, page.alert().text())
	}
	if page.field("username").attr("value") != "ada" || !page.field("password").has("autofocus") {
		t.Error("the cursor should be in the password")
	}
	page = b.form("/accounts/login/", "username", "", "password", "x").page(t)
	if page.fieldError("username") != required {
		t.Errorf("error %q", page.fieldError("username"))
	}

	a = b.login("ada")
	a.wantRedirect(t, "/accounts/profile/")
	if a.cookie() == "" {
		t.Error("no cookie came")
	}
	if text := b.get("/accounts/profile/").page(t).one("main").text(); !strings.Contains(text, "ada") {
		t.Errorf("profile: %s", text)
	}
}

// A login takes a session that somebody else may know under a new key.
func TestLoginGivesANewKey(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	s.addUser(t, auth.NewUser{Username: "grace"})
	b := s.browser(t)
	first := b.login("ada").cookie()
	second := b.login("grace").cookie()
	if first == "" || second == "" || first == second {
		t.Errorf("keys %q and %q", first, second)
	}
	old := s.program(t)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/profile", nil)
	r.Header.Set("Cookie", "sessionid="+first)
	old.send(r).wantJSON(t, 401, `{"error":"Unauthorized"}`)
}

func TestLoginLeadsBack(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.AllowedRedirectHosts = []string{"app.example"} })
	s.addUser(t, auth.NewUser{Username: "ada"})
	host := strings.TrimPrefix(s.URL, "http://")
	const own = "/accounts/profile/"
	for _, tt := range []struct{ query, next, want string }{
		{"", "", own},
		{"?next=/a/%3Fb=c", "", "/a/?b=c"},
		{"?next=/query/", "/body/", "/body/"},
		{"?next=/query/", "//evil.example", own}, // an unsafe one in the body hides the query
		{"?next=/one/&next=/two/", "", "/two/"},
		{"?next=/one/;next=/two/", "", "/one/;next=/two/"}, // only & separates (CVE-2021-23336)
		{"?next=https://app.example/x", "", "https://app.example/x"},
		{"?next=" + s.URL + "/x", "", s.URL + "/x"},
		{"?next=/é\u2028", "", "/%C3%A9%E2%80%A8"},
		{"", "http:\\\\\\evil.example", own},
		{"", "/\\evil.example", own},
		{"", "///evil.example", own},
		{"", "\x08//evil.example", own},
		{"", "/\t/evil.example", own},
		{"", "http://" + host + "\\@evil.example", own},
		{"", "http:999999999", own},
		{"", "javascript:alert(1)", own},
		{"", "https://evil.example/?" + host, own},
		{"", "/" + strings.Repeat("x", 1<<15), own},
		{"?next=%zz", "", own},
	} {
		pairs := []string{"username", "ada", "password", canary}
		if tt.next != "" {
			pairs = append(pairs, "next", tt.next)
		}
		b := s.browser(t)
		b.form("/accounts/login/"+tt.query, pairs...).wantRedirect(t, tt.want)
		pairs[3] = "wrong"
		hidden := b.form("/accounts/login/"+tt.query, pairs...).page(t).field("next").attr("value")
		if hidden != "" && tt.want == own {
			t.Errorf("%+v: the form keeps %q", tt, hidden)
		}
	}
	link := s.browser(t).get("/accounts/login/?next=/a/%3Fb=c%26d").page(t).where("a", "href", "/accounts/signup/?next=/a/%3Fb%3Dc%26d")
	if link.Node == nil {
		t.Error("the way back gets lost on the way to the sign-up")
	}
}

// The session cookie of a site that leads to other hosts may not be kept from
// going there by its own form-action.
func TestFormAction(t *testing.T) {
	s := newSite(t, func(c *views.Config) {
		c.AllowedRedirectHosts = []string{"app.example:8443"}
		c.LoginRedirectURL = "https://www.example/home/"
	})
	csp := s.browser(t).get("/accounts/login/").Header.Get("Content-Security-Policy")
	if want := "form-action 'self' https://app.example:8443 http://app.example:8443 https://www.example;"; !strings.Contains(csp, want) {
		t.Errorf("%q is not in %q", want, csp)
	}
}

var changing = regexp.MustCompile(`ada|nob|old|ina`)

// A failed login does not reveal its cause.
func TestLoginFailuresLookTheSame(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	s.addUser(t, auth.NewUser{Username: "ina", Inactive: true})
	if _, err := s.auth.CreateUser(t.Context(), auth.NewUser{Username: "old"}); err != nil { // no password opens it
		t.Fatal(err)
	}
	for _, c := range []*client{s.browser(t), s.program(t)} {
		var first string
		for _, tt := range []struct{ name, password string }{{"ada", "wrong"}, {"nob", "wrong"}, {"old", "wrong"}, {"ina", "wrong"}, {"ina", canary}} {
			a := c.form("/accounts/login/", "username", tt.name, "password", tt.password)
			a.Header.Del("Date")
			a.Header.Del("Expires")
			var b strings.Builder
			if err := a.Header.Write(&b); err != nil {
				t.Fatal(err)
			}
			b.WriteString(a.Status + changing.ReplaceAllString(a.text, "name"))
			if first == "" {
				first = b.String()
			} else if b.String() != first {
				t.Errorf("%s looks different:\n%s\nfrom\n%s", tt.name, b.String(), first)
			}
		}
	}
}

func TestLoginOfInactiveUsers(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ina", Inactive: true})
	all := &auth.ModelBackend{Users: s.db, Passwords: s.auth.Passwords(), AllowInactive: true}
	s = serve(t, s.db, auth.Config{Users: s.db, Keys: signing.Keys{Secret: secretKey}, Passwords: s.auth.Passwords(), Backends: []auth.Backend{all}})
	s.program(t).login("ina").wantJSON(t, 401, `{"error":"This account is inactive."}`)
	if got := s.browser(t).login("ina").page(t).alert().text(); got != "This account is inactive." {
		t.Errorf("%q", got)
	}
}

func TestRedirectAuthenticatedUser(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.RedirectAuthenticatedUser = true })
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	if a := b.get("/accounts/login/"); a.StatusCode != 200 {
		t.Errorf("visitor: %d", a.StatusCode)
	}
	b.login("ada").wantRedirect(t, "/accounts/profile/")
	b.get("/accounts/login/").wantRedirect(t, "/accounts/profile/")
	b.get("/accounts/signup/?next=/x/").wantRedirect(t, "/x/")
	b.get("/accounts/login/?next=/accounts/login/").wantRedirect(t, "/accounts/profile/") // no loop
}

// failing is a backend that is out of order.
type failing struct{ err error }

func (f failing) Name() string { return "failing" }
func (f failing) Authenticate(context.Context, auth.Credentials) (*database.User, error) {
	return nil, f.err
}
func (f failing) User(context.Context, string) (*database.User, error) { return nil, f.err }

func TestLoginWhenBusyOrOut(t *testing.T) {
	base := newSite(t)
	for _, err := range []error{password.ErrBusy, errors.New("the disk is full")} {
		s := serve(t, base.db, auth.Config{Users: base.db, Keys: signing.Keys{Secret: secretKey}, Backends: []auth.Backend{failing{err}}})
		for _, c := range []*client{s.browser(t), s.program(t)} {
			a := c.login("ada")
			if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || strings.Contains(a.text, "disk") {
				t.Errorf("%d %s", a.StatusCode, a.text)
			}
		}
	}
}
