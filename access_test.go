package coatcheck_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

const html = "text/html,application/xhtml+xml,*/*;q=0.8"

// ask sends a request with this Accept.
func ask(c *coatchecktest.Client, method, path, accept string) *coatchecktest.Response {
	r := c.NewRequest(method, path, nil)
	r.Header.Set("Accept", accept)
	return c.Do(r)
}

// guarded is a program with each guard, as pages and below /api/.
func guarded(site *coatchecktest.Site) http.Handler {
	ok := middleware.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "come in")
		return err
	})
	isStaff := func(_ *http.Request, u *auth.User) (bool, error) { return u.IsStaff, nil }
	broken := func(*http.Request, *auth.User) (bool, error) { return true, errors.New("the disk is full") }
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("/age", middleware.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		session, err := sessions.FromContext(r.Context())
		if err != nil {
			return err
		}
		seconds, err := strconv.Atoi(r.FormValue("seconds"))
		if err != nil {
			return err
		}
		return session.Set(r.Context(), sessionkeys.LoginTime, time.Now().Unix()-int64(seconds))
	}))
	for prefix, guards := range map[string]interface {
		RequireUser(http.Handler) http.Handler
		RequirePermission(...string) func(http.Handler) http.Handler
		Require(func(*http.Request, *auth.User) (bool, error)) func(http.Handler) http.Handler
		Fresh(time.Duration) func(http.Handler) http.Handler
	}{"/page": site, "/api": site.API()} {
		mux.Handle(prefix+"/user", guards.RequireUser(ok))
		mux.Handle(prefix+"/permission", guards.RequirePermission("auth.add_user")(ok))
		mux.Handle(prefix+"/staff", guards.Require(isStaff)(ok))
		mux.Handle(prefix+"/broken", guards.Require(broken)(ok))
		mux.Handle(prefix+"/fresh", guards.Fresh(10*time.Minute)(ok))
		mux.Handle(prefix+"/fresh-hour", guards.Fresh(time.Hour)(ok))
	}
	return site.Handler(mux)
}

// TestAccess: who may enter which page, and what the others get: pages redirect visitors,
// and an API always responds with JSON, whatever the request accepts.
func TestAccess(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		h := guarded(site)
		visitor, plain, admitted, root := site.NewClient(h), site.NewClient(h), site.NewClient(h), site.NewClient(h)
		plain.ForceLogin(site.CreateUser("ada", ""))
		bea := site.CreateUser("bea", "")
		if err := site.Database.GrantUser(t.Context(), bea.ID, "auth.add_user"); err != nil {
			t.Fatal(err)
		}
		admitted.ForceLogin(bea)
		rootUser := site.CreateSuperuser("root", "")
		root.ForceLogin(rootUser)
		for _, tt := range []struct {
			client *coatchecktest.Client
			guard  string
			page   int
			api    int
		}{
			{visitor, "user", 302, 401},
			{visitor, "permission", 302, 401},
			{visitor, "staff", 302, 401},
			{visitor, "fresh", 302, 401},
			{plain, "user", 200, 200},
			{plain, "permission", 403, 403},
			{plain, "staff", 403, 403},
			{admitted, "permission", 200, 200},
			{admitted, "staff", 403, 403},
			{root, "user", 200, 200},
			{root, "permission", 200, 200},
			{root, "staff", 200, 200},
			{visitor, "broken", 503, 503},
			{plain, "broken", 503, 503},
		} {
			for prefix, want := range map[string]int{"/page/": tt.page, "/api/": tt.api} {
				got := ask(tt.client, http.MethodGet, prefix+tt.guard, html)
				if got.Status != want {
					t.Errorf("%s%s: %d %s, want %d", prefix, tt.guard, got.Status, got.Body, want)
				}
				if to := "/accounts/login/?next=/page/" + tt.guard; want == http.StatusFound && got.Location() != to {
					t.Errorf("%s: to %s", tt.guard, got.Location())
				}
				checkForm(t, prefix+tt.guard, got, prefix == "/api/")
			}
		}
	})
}

// checkForm checks a refusal against the form that a page or an API has.
func checkForm(t *testing.T, at string, got *coatchecktest.Response, api bool) {
	t.Helper()
	challenge := got.Header.Get("WWW-Authenticate")
	if (challenge != "") != (got.Status == http.StatusUnauthorized) {
		t.Errorf("%s: %d with WWW-Authenticate: %s", at, got.Status, challenge)
	}
	if got.Status == http.StatusOK || !api {
		return
	}
	var answer map[string]string
	got.JSON(&answer)
	if answer["reason"] == "proof-wanted" && answer["url"] == "/accounts/confirm/" {
		delete(answer, "reason")
		delete(answer, "url")
	}
	if len(answer) != 1 || answer["error"] == "" || got.Header.Get("Location") != "" {
		t.Errorf("%s: %d %s", at, got.Status, got.Body)
	}
	if got.Status == http.StatusForbidden && !strings.HasPrefix(answer["error"], "You are signed in as ") {
		t.Errorf("%s: %s", at, got.Body)
	}
}

// TestFresh: a page that wants a fresh login asks for one again when it is too old, leads
// back, and asks no more; until then the session stays signed in.
func TestFresh(t *testing.T) {
	const secret = "correct horse"
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		c := site.NewClient(guarded(site))
		site.CreateUser("ada", secret)
		login := func() *coatchecktest.Response {
			r := c.NewRequest(http.MethodPost, "/accounts/login/?next=/page/fresh",
				strings.NewReader(url.Values{"username": {"ada"}, "password": {secret}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Accept", html)
			return c.Do(r)
		}
		expect := func(path string, want int) *coatchecktest.Response {
			t.Helper()
			got := ask(c, http.MethodGet, path, html)
			if got.Status != want {
				t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, want)
			}
			return got
		}
		login()
		expect("/page/fresh", 200)
		expect("/api/fresh", 200)
		expect("/age?seconds=900", 200)
		if to := expect("/page/fresh", 302).Location(); to != "/accounts/confirm/?next=/page/fresh" {
			t.Errorf("to %s", to)
		}
		again := expect("/api/fresh", 401)
		if want := `Cookie realm="accounts", form-action="/accounts/confirm/", error="insufficient_user_authentication", max_age=600`; again.Header.Get("WWW-Authenticate") != want {
			t.Errorf("WWW-Authenticate: %s", again.Header.Get("WWW-Authenticate"))
		}
		expect("/page/fresh-hour", 200) // the other guard was not asked for a newer login
		expect("/page/user", 200)       // nobody was logged out
		form := expect("/accounts/login/?next=/page/fresh", 200)
		if !strings.Contains(form.Body, "You are signed in as ada. The page that you want to open asks you to log in again.") {
			t.Errorf("the login page does not say why: %s", form.Body)
		}
		if to := login().Location(); to != "/page/fresh" {
			t.Errorf("back to %s", to)
		}
		expect("/page/fresh", 200)
		expect("/age?seconds=900", 200)
		expect("/accounts/confirm/?next=/page/fresh", 200)
		c.Header.Set("Accept", html)
		confirmed := c.Post("/accounts/confirm/?next=/page/fresh", url.Values{"password": {secret}})
		if to := confirmed.Location(); to != "/page/fresh" {
			t.Errorf("after the proof: %d, to %s", confirmed.Status, to)
		}
		expect("/page/fresh", 200)
		expect("/age?seconds=-3", 200) // a node whose clock is ahead
		expect("/page/fresh", 200)
	}, func(c *coatcheck.Config) { c.Views.RedirectAuthenticatedUser = true })
}

// TestFreshWithoutATime: a session that does not say when its user logged in, as Django makes
// them, is not fresh. One login by the login page is enough, also if the process that makes
// it has no guard of the kind.
func TestFreshWithoutATime(t *testing.T) {
	const secret = "correct horse"
	site := coatchecktest.NewSite(t)
	c := site.NewClient(guarded(site))
	site.CreateUser("ada", secret)
	credentials := url.Values{"username": {"ada"}, "password": {secret}}
	c.Post("/accounts/login/", credentials)
	for name, spoil := range map[string]func(*sessions.Session) error{
		"none": func(s *sessions.Session) error {
			_, err := s.Delete(t.Context(), sessionkeys.LoginTime)
			return err
		},
		"text": func(s *sessions.Session) error { return s.Set(t.Context(), sessionkeys.LoginTime, "today") },
		"zero": func(s *sessions.Session) error { return s.Set(t.Context(), sessionkeys.LoginTime, 0) },
	} {
		session := c.Session()
		if err := errors.Join(spoil(session), session.Save(t.Context())); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := c.Get("/api/fresh"); got.Status != http.StatusUnauthorized {
				t.Errorf("%s: %d", name, got.Status)
			}
		}
		elsewhere := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database = site.Database })
		mux := http.NewServeMux()
		mux.Handle("/accounts/", elsewhere.Views)
		other := elsewhere.NewClient(elsewhere.Handler(mux))
		other.SetSession(c.Session())
		if got := other.Post("/accounts/login/", credentials); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		c.SetSession(other.Session())
		if got := c.Get("/api/fresh"); got.Status != http.StatusOK {
			t.Errorf("%s, after a login: %d %s", name, got.Status, got.Body)
		}
	}
	for _, age := range []time.Duration{0, -time.Hour, time.Second - 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Fresh takes %v", age)
				}
			}()
			site.Fresh(age)
		}()
	}
}
