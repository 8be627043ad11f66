package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var errOutage = errors.New("the database is on fire")

// site is a program with one guarded view at /view, and /login?as=ID.
type site struct {
	t      *testing.T
	db     *database.DB
	down   atomic.Bool // the permissions cannot be read
	store  *sessionstest.Memory
	auth   *auth.Service
	guard  *access.Access
	mux    *http.ServeMux
	server *httptest.Server
	ran    atomic.Int64 // how often the view ran
	ended  int          // sessions that ended, by their cookies
}

// permissions fail on request.
type permissions struct {
	*database.DB
	site *site
}

func (p permissions) PermissionsOf(ctx context.Context, id string) (own, byGroups []string, err error) {
	if p.site.down.Load() {
		return nil, nil, errOutage
	}
	return p.DB.PermissionsOf(ctx, id)
}

func newSite(t *testing.T, config access.Config) *site {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	quiet := slog.New(slog.DiscardHandler)
	s := &site{t: t, store: sessionstest.NewMemory(), mux: http.NewServeMux()}
	var err error
	s.db, err = sqlite.Open(context.Background(), ":memory:")
	must(err)
	t.Cleanup(func() { _ = s.db.Close() })
	hashers, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}})
	must(err)
	s.auth, err = auth.New(auth.Config{Users: permissions{s.db, s}, Passwords: hashers, Keys: signing.Keys{Secret: strings.Repeat("k", 50)}, Logger: quiet})
	must(err)
	config.Auth = s.auth
	s.guard, err = access.New(config)
	must(err)
	engine, err := sessions.New(sessions.Config{Store: s.store, Logger: quiet})
	must(err)
	s.mux.HandleFunc("/login", func(_ http.ResponseWriter, r *http.Request) {
		user, err := s.db.UserByID(r.Context(), r.FormValue("as"))
		if err == nil {
			err = s.auth.Login(r, user)
		}
		if err != nil {
			t.Error(err)
		}
	})
	s.server = httptest.NewServer(middleware.Chain(middleware.Sessions(engine), middleware.Authentication(s.auth))(s.mux))
	t.Cleanup(s.server.Close)
	return s
}

// view is what is guarded.
func (s *site) view() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.ran.Add(1)
		_, _ = io.WriteString(w, "secret")
	})
}

func (s *site) user(name string, may ...string) *auth.User {
	s.t.Helper()
	u, err := s.auth.CreateUser(s.t.Context(), auth.NewUser{Username: name})
	for _, p := range may {
		err = errors.Join(err, s.db.GrantUser(s.t.Context(), u.ID, p))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// client is one that is signed in, or with nil one that is not.
func (s *site) client(u *auth.User) *http.Client {
	s.t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if u != nil {
		s.ask(c, "/login?as="+u.ID)
	}
	return c
}

func (s *site) ask(c *http.Client, path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.server.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Error(err)
	}
	return response, string(body)
}

// outcome is what a client meets at /view, in one word.
func (s *site) outcome(c *http.Client, accept string) string {
	s.t.Helper()
	before := s.ran.Load()
	response, body := s.ask(c, "/view?page=2", "Accept", accept)
	if ran := s.ran.Load() > before; ran != (body == "secret") || ran != (response.StatusCode == http.StatusOK) {
		s.t.Errorf("the view ran: %v, and the answer is %d %q", ran, response.StatusCode, body)
	}
	set := response.Header["Set-Cookie"]
	if len(set) == 1 && strings.HasPrefix(set[0], `sessionid=""; `) {
		set = nil
		s.ended++
	}
	if set != nil || !strings.Contains(response.Header.Get("Vary"), "Cookie") {
		s.t.Errorf("headers: %v", response.Header)
	}
	if accept == "application/json" && response.StatusCode != http.StatusOK {
		var answer map[string]string
		if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer) != 1 || answer["error"] == "" {
			s.t.Errorf("%d %q is no JSON with an error", response.StatusCode, body)
		}
	}
	if location := response.Header.Get("Location"); response.StatusCode == http.StatusFound {
		return location
	}
	return http.StatusText(response.StatusCode)
}

const (
	page = "text/html,application/xhtml+xml,*/*;q=0.8"
	api  = "application/json"

	in        = "OK"
	toLogin   = "/accounts/login/?next=/view%3Fpage%3D2"
	forbidden = "Forbidden"
	unknown   = "Unauthorized"
	failing   = "Service Unavailable"
)

func TestGuards(t *testing.T) {
	s := newSite(t, access.Config{})
	views := map[string]http.Handler{
		"RequireUser":    s.guard.RequireUser(s.view()),
		"one permission": s.guard.RequirePermission("auth.view_user")(s.view()),
		"two":            s.guard.RequirePermission("auth.view_user", "auth.add_user")(s.view()),
		"test": s.guard.Require(func(_ *http.Request, u *auth.User) (bool, error) {
			return strings.HasPrefix(u.Username, "v"), nil
		})(s.view()),
	}
	plain, viewer := s.user("plain"), s.user("viewer", "auth.view_user")
	editor := s.user("veditor", "auth.view_user", "auth.add_user")
	root, err := s.auth.CreateSuperuser(t.Context(), auth.NewUser{Username: "vroot"})
	if err != nil {
		t.Fatal(err)
	}
	off := s.user("voff", "auth.view_user", "auth.add_user")
	clients := map[string]*http.Client{
		"visitor": s.client(nil), "plain": s.client(plain), "viewer": s.client(viewer), "editor": s.client(editor), "root": s.client(root), "off": s.client(off),
	}
	off.IsActive = false
	if err := s.db.UpdateUser(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	for view, want := range map[string]map[string][2]string{ // what a browser meets, and a program
		"RequireUser": {
			"visitor": {toLogin, unknown}, "off": {toLogin, unknown},
			"plain": {in, in}, "viewer": {in, in}, "editor": {in, in}, "root": {in, in},
		},
		"one permission": {
			"visitor": {toLogin, unknown}, "off": {toLogin, unknown}, "plain": {forbidden, forbidden},
			"viewer": {in, in}, "editor": {in, in}, "root": {in, in},
		},
		"two": {
			"visitor": {toLogin, unknown}, "off": {toLogin, unknown}, "plain": {forbidden, forbidden}, "viewer": {forbidden, forbidden},
			"editor": {in, in}, "root": {in, in},
		},
		"test": {
			"visitor": {toLogin, unknown}, "off": {toLogin, unknown}, "plain": {forbidden, forbidden},
			"viewer": {in, in}, "editor": {in, in}, "root": {in, in},
		},
	} {
		t.Run(view, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle("/view", views[view])
			s.mount(mux)
			for name, want := range want {
				if got := s.outcome(clients[name], page); got != want[0] {
					t.Errorf("%s, as a browser: %s, want %s", name, got, want[0])
				}
				if got := s.outcome(clients[name], api); got != want[1] {
					t.Errorf("%s, as a program: %s, want %s", name, got, want[1])
				}
			}
		})
	}
	if s.ended != 1 { // that of the inactive user, at the first look
		t.Errorf("%d sessions ended", s.ended)
	}
}

// TestWhoMayNotEnter: a user who may not enter is told which account that is, in the language
// and the form that the client asks for, and is never led to an empty login form.
func TestWhoMayNotEnter(t *testing.T) {
	s := newSite(t, access.Config{})
	nobody := func(*http.Request, *auth.User) (bool, error) { return false, nil }
	s.mux.Handle("/test", s.guard.Require(nobody)(s.view()))
	s.mux.Handle("/permission", s.guard.RequirePermission("auth.view_user")(s.view()))
	ada, visitor := s.client(s.user("ada@example.com")), s.client(nil)
	for _, path := range []string{"/test", "/permission"} {
		for accept, want := range map[string]string{
			page:  "<p>You are signed in as ada@example.com, and this account may not open this page. To use another account, log out first.</p>",
			api:   `{"error":"You are signed in as ada@example.com, and this account may not open this page. To use another account, log out first."}`,
			"*/*": `{"error":"You are signed in as ada@example.com, `,
		} {
			response, body := s.ask(ada, path, "Accept", accept)
			if response.StatusCode != http.StatusForbidden || !strings.Contains(body, want) {
				t.Errorf("%s, %s: %d %s", path, accept, response.StatusCode, body)
			}
			if cache := response.Header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("%s: a page with a name may be kept: %q", path, cache)
			}
			response, body = s.ask(visitor, path, "Accept", accept)
			if response.StatusCode == http.StatusForbidden || strings.Contains(body, "signed in as") {
				t.Errorf("%s: a visitor gets %d %s", path, response.StatusCode, body)
			}
		}
		if _, body := s.ask(ada, path, "Accept", page, "Accept-Language", "de"); !strings.Contains(body, "Sie sind als ada@example.com angemeldet") {
			t.Errorf("%s in German: %s", path, body)
		}
	}
}

// mount serves another mux from now on, behind the same middleware.
func (s *site) mount(mux *http.ServeMux) {
	engine, err := sessions.New(sessions.Config{Store: s.store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.server.Config.Handler = middleware.Chain(middleware.Sessions(engine), middleware.Authentication(s.auth))(mux)
}

// TestOutages: who a request is, or what it may, cannot be found out. That is
// neither a redirect nor a refusal, and it signs nobody out.
func TestOutages(t *testing.T) {
	s := newSite(t, access.Config{})
	viewer := s.user("viewer", "auth.view_user")
	c := s.client(viewer)
	broken := s.guard.Require(func(*http.Request, *auth.User) (bool, error) { return true, errOutage })(s.view())
	permission := s.guard.RequirePermission("auth.view_user")(s.view())
	login := s.guard.RequireUser(s.view())
	for name, tt := range map[string]struct {
		view http.Handler
		fail func(down bool)
	}{
		"test":              {broken, func(bool) {}},
		"permissions":       {permission, s.down.Store},
		"store, permission": {permission, func(down bool) { s.store.FailWith(map[bool]error{true: errOutage}[down]) }},
		"store, login":      {login, func(down bool) { s.store.FailWith(map[bool]error{true: errOutage}[down]) }},
	} {
		mux := http.NewServeMux()
		mux.Handle("/view", tt.view)
		s.mount(mux)
		tt.fail(true)
		for _, accept := range []string{page, api} {
			if got := s.outcome(c, accept); got != failing {
				t.Errorf("%s: %s", name, got)
			}
		}
		tt.fail(false)
	}
	mux := http.NewServeMux()
	mux.Handle("/view", permission)
	s.mount(mux)
	if got := s.outcome(c, page); got != in {
		t.Errorf("afterwards: %s", got)
	}
}

// TestLoginURL: where visitors are led.
func TestLoginURL(t *testing.T) {
	for _, tt := range []struct {
		config access.Config
		want   string // HOST is the site
	}{
		{access.Config{LoginURL: "/in/?lang=de"}, "/in/?lang=de&next=/view%3Fpage%3D2"},
		{access.Config{LoginURL: "/in/", RedirectFieldName: "back"}, "/in/?back=/view%3Fpage%3D2"},
		{access.Config{LoginURL: "https://login.example/in/"}, "https://login.example/in/?next=http%3A//HOST/view%3Fpage%3D2"},
	} {
		s := newSite(t, tt.config)
		s.mux.Handle("/view", s.guard.RequireUser(s.view()))
		host := strings.ReplaceAll(strings.TrimPrefix(s.server.URL, "http://"), ":", "%3A")
		if got, want := s.outcome(s.client(nil), page), strings.ReplaceAll(tt.want, "HOST", host); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := access.New(access.Config{}); err == nil || !strings.Contains(err.Error(), "Config.Auth") {
		t.Error(err)
	}
	s := newSite(t, access.Config{})
	for _, url := range []string{"login", "javascript:alert(1)//", "http://[x/"} {
		if _, err := access.New(access.Config{Auth: s.auth, LoginURL: url}); err == nil || !strings.Contains(err.Error(), "access: Config.LoginURL") {
			t.Errorf("%q: %v", url, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("RequirePermission without a permission lets everybody in")
		}
	}()
	s.guard.RequirePermission()
}

// TestWithoutTheMiddleware nobody gets in, and the response is 500.
func TestWithoutTheMiddleware(t *testing.T) {
	s := newSite(t, access.Config{})
	for name, h := range map[string]http.Handler{
		"login":      s.guard.RequireUser(s.view()),
		"permission": s.guard.RequirePermission("a.b")(s.view()),
		"test":       s.guard.Require(func(*http.Request, *auth.User) (bool, error) { return true, nil })(s.view()),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusInternalServerError || s.ran.Load() != 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
