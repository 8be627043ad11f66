package views_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// try sends each operation of a site what it is for, and much that it is not for.
// What was tried on another site is left out, if this one does not do it otherwise.
func (c *contract) try(s *stage) {
	c.t.Helper()
	for _, r := range s.views.Routes() {
		for _, method := range r.Methods {
			op := method + " " + r.Pattern
			if c.ops[op] == nil || c.shown[op] && op != s.again {
				continue
			}
			c.shown[op] = true
			c.use(op, s)
			if method == http.MethodPost {
				c.misuse(op, s)
			}
			if r.Private {
				c.act(op, s)
			}
			out := sceneOf(op)(c.t, s)
			out.client = s.program(c.t)
			if strings.HasSuffix(r.Pattern, "{token}/") {
				out.path = out.path[:strings.LastIndexByte(out.path[:len(out.path)-1], '/')] + "/none/"
			}
			c.send(op, out)
			c.send(op, out, withHeader("Accept", "*/*"))
		}
	}
}

func sceneOf(op string) func(testing.TB, *stage) scene {
	return scenes[strings.Replace(op, http.MethodHead, http.MethodGet, 1)]
}

// use sends an operation its body in every way that the document names.
func (c *contract) use(op string, s *stage) {
	c.t.Helper()
	kinds := slices.Sorted(maps.Keys(c.get(c.ops[op], "requestBody", "content")))
	if len(kinds) == 0 {
		kinds = []string{""}
	}
	for _, kind := range kinds {
		x := sceneOf(op)(c.t, s)
		if a := c.send(op, x, x.as(kind)); a.StatusCode >= http.StatusMultipleChoices {
			c.t.Errorf("%s as %q: %d %s", op, kind, a.StatusCode, a.text)
		}
		c.shown[op+" "+kind] = true
		if schema := c.bodySchema(op); schema != nil {
			for _, fault := range c.in.check(op, schema, x.body) {
				c.t.Error(fault)
			}
		}
	}
}

func (c *contract) bodySchema(op string) object {
	return c.get(c.ops[op], "requestBody", "content", jsonType, "schema")
}

// act sends an operation while the session acts as another user.
func (c *contract) act(op string, s *stage) {
	c.t.Helper()
	x := sceneOf(op)(c.t, s)
	site, err := url.Parse(s.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range x.client.http.Jar.Cookies(site) {
		if cookie.Name != sessions.DefaultCookieName {
			continue
		}
		session := s.whole.Sessions.Session(cookie.Value)
		if err := errors.Join(session.Set(c.t.Context(), "_impersonate", 7), session.Save(c.t.Context())); err != nil {
			c.t.Fatal(err)
		}
	}
	kind := ""
	if c.bodySchema(op) != nil {
		kind = jsonType
	}
	if a := c.send(op, x, x.as(kind)); a.StatusCode != http.StatusForbidden {
		c.t.Errorf("%s of a session that acts as another user: %d %s", op, a.StatusCode, a.text)
	}
}

// misuse sends a POST what it should refuse. One that reads no body does its work.
func (c *contract) misuse(op string, s *stage) {
	c.t.Helper()
	for _, change := range []func(*http.Request){
		withHeader("Sec-Fetch-Site", "cross-site"),
		withBody("text/plain", "x"),
		withBody(formType, "x="+strings.Repeat("x", 65<<10)),
		withBody(formType, "%zz"),
		withBody(jsonType, `{}`),
		withBody(jsonType, `[]`),
		withBody(jsonType, `{"username": 1, "password": [], "email": {}, "id": 2.5, "old_password": true, "new_password1": 1}`),
	} {
		c.send(op, sceneOf(op)(c.t, s), change)
	}
	required, _ := c.bodySchema(op)["required"].([]any)
	for _, field := range required {
		if a := c.change(op, s, field.(string), nil); a.StatusCode != http.StatusBadRequest {
			c.t.Errorf("%s: the field %s is not required: %d", op, field, a.StatusCode)
		}
	}
}

// change sends a request whose body has another value in one field.
func (c *contract) change(op string, s *stage, field string, value any) *answer {
	c.t.Helper()
	x := sceneOf(op)(c.t, s)
	x.body[field] = value
	return c.send(op, x, x.as(jsonType))
}

// tryRefused sends every operation of a site once while nobody may try anything, and
// once while the database is away.
func (c *contract) tryRefused(s *stage) {
	c.t.Helper()
	var held, broken []func()
	for _, r := range s.views.Routes() {
		for _, method := range r.Methods {
			op, kind := method+" "+r.Pattern, ""
			if c.ops[op] == nil || r.Name == "signup" && s.again == "" {
				continue
			}
			if method == http.MethodPost {
				kind = jsonType
			}
			first, second := sceneOf(op)(c.t, s), sceneOf(op)(c.t, s)
			held = append(held, func() { c.send(op, first, first.as(kind)) })
			broken = append(broken, func() { c.send(op, second, second.as(kind)) })
		}
	}
	s.gate.wait.Store(int64(2*time.Minute + time.Millisecond))
	for _, send := range held {
		send()
	}
	s.gate.wait.Store(0)
	if err := s.db.Close(); err != nil {
		c.t.Fatal(err)
	}
	for _, send := range broken {
		send()
	}
}

// tryOthers sends the requests whose responses need more than one wrong field.
func (c *contract) tryOthers(open, confirmed, closed *stage) {
	c.t.Helper()
	taken := open.name()
	for _, s := range []*stage{open, closed} {
		s.user(c.t, taken)
	}
	c.change("POST /accounts/login/", open, "password", "wrong")
	c.change("POST /accounts/signup/", open, "username", taken)
	c.change("POST /accounts/signup/", open, "password", "1234")
	c.change("POST /accounts/invitation/{token}/", closed, "username", taken)
	c.change("POST /accounts/sessions/end/", open, "id", "none")
	c.change("POST /accounts/password_change/", open, "old_password", "wrong")
	c.change("POST /accounts/reset/{uidb64}/{token}/", open, "new_password2", "other")
	c.change("POST /accounts/email/", open, "password", "wrong")
	c.change("POST /accounts/profile/edit/", open, "company", "")
	c.change("POST /accounts/name/", open, "first_name", strings.Repeat("a", 151))
	c.change("POST /accounts/close/", open, "password", "wrong")
	for _, path := range []string{"/accounts/close/", "/accounts/email/", "/accounts/two_factor/add/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			asks := withHeader("Accept", jsonType)
			if method == http.MethodPost {
				asks = withBody(jsonType, `{}`)
			}
			c.send(method+" "+path, scene{open.passwordless(c.t), path, object{}}, asks)
		}
	}
	for _, path := range []string{"recovery_codes/", "remove/", "add/"} {
		x := guarded("/accounts/two_factor/"+path)(c.t, open)
		if path != "add/" {
			x = private("/accounts/two_factor/"+path, nil)(c.t, open)
		}
		for _, method := range []string{"GET", "HEAD", "POST"} {
			c.send(method+" /accounts/two_factor/"+path, x)
		}
	}
	_, equipped, _ := open.equipped(c.t)
	c.send("POST /accounts/login/", scene{open.program(c.t), "/accounts/login/", object{"username": equipped, "password": canary}},
		scene{body: object{"username": equipped, "password": canary}}.as(jsonType))
	for _, op := range []string{"recovery_codes/", "remove/"} {
		c.change("POST /accounts/two_factor/"+op, open, "code", "000000")
	}
	c.change("POST /accounts/two_factor/add/", open, "code", "none")
	c.change("POST /accounts/login/code/", open, "code", "none")
	c.change("POST /accounts/login/two_factor/", open, "code", "none")
	for _, op := range []string{"GET /accounts/signup/", "HEAD /accounts/signup/", "POST /accounts/signup/"} {
		c.send(op, scene{closed.program(c.t), "/accounts/signup/", nil})
	}

	pending := pendingSignup(c.t, confirmed)
	confirmed.addUser(c.t, auth.NewUser{Username: fmt.Sprintf("user%d", confirmed.users)})
	c.send("POST /accounts/signup/confirm/{token}/", pending)
	pending = pendingSignup(c.t, confirmed)
	confirmed.addUser(c.t, auth.NewUser{Username: "first", Email: address(fmt.Sprintf("user%d", confirmed.users))})
	c.send("POST /accounts/signup/confirm/{token}/", pending)

	c.send("POST /accounts/email/sent/", private("/accounts/email/sent/", nil)(c.t, open))
	c.tryTakenAddress()
	c.tryTokens()
	c.tryOwnReset(open)
}

// tryTakenAddress confirms an address that somebody has, where users sign in by it.
func (c *contract) tryTakenAddress() {
	c.t.Helper()
	s := emailSite(c.t)
	for _, name := range []string{"ada", "joe"} {
		s.addUser(c.t, auth.NewUser{Email: address(name)})
	}
	p := s.program(c.t)
	p.login(address("ada"))
	p.form("/accounts/email/", "email", address("joe"), "password", canary)
	c.send("POST /accounts/email/confirm/{token}/", scene{p, s.confirm(c.t, address("joe"), address("ada")), nil})
}

// tryTokens logs in where the guard is Django's, without and with the token that the
// document describes.
func (c *contract) tryTokens() {
	c.t.Helper()
	s := openStage(c.t, func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardDjango })
	const op = "POST /accounts/login/"
	login := scenes[op](c.t, s)
	c.send(op, login, login.as(jsonType))
	b := s.browser(c.t)
	b.http = login.client.http
	for _, cookie := range b.get("/accounts/login/").Cookies() {
		if cookie.Name == middleware.DefaultCSRFCookieName {
			if a := c.send(op, login, login.as(jsonType), withHeader(middleware.DefaultCSRFHeaderName, cookie.Value)); a.StatusCode != http.StatusOK {
				c.t.Errorf("a login with its token: %d %s", a.StatusCode, a.text)
			}
			return
		}
	}
	c.t.Error("the page sends no token")
}

// tryOwnReset sets another password while the user is signed in.
func (c *contract) tryOwnReset(s *stage) {
	c.t.Helper()
	own, name := s.member(c.t)
	own.form("/accounts/password_reset/", "email", address(name))
	x := scene{own, s.link(c.t, address(name), "/accounts/reset/"), object{"new_password1": another}}
	c.send("POST /accounts/reset/{uidb64}/{token}/", x, x.as(formType))
}

// passwordless is a client of a user without a password, whose login is too long ago for pages that
// want a recent proof.
func (s *stage) passwordless(t testing.TB) *client {
	t.Helper()
	c, user := s.program(t), s.user(t, s.name())
	user.Password = password.Unusable()
	session := s.whole.Sessions.Session("")
	if err := s.db.SetPassword(t.Context(), user.ID, user.Password); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		sessionkeys.UserID: user.ID, sessionkeys.Backend: auth.ModelBackendName, sessionkeys.Hash: s.whole.Auth.SessionAuthHash(user),
	} {
		if err := session.Set(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	at, err := url.Parse(s.URL)
	if err = errors.Join(err, session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	c.http.Jar.SetCookies(at, []*http.Cookie{{Name: sessions.DefaultCookieName, Value: string(session.Key()), Path: "/"}})
	return c
}
