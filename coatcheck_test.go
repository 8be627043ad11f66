package coatcheck_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/views"
)

const testKey = "CANARY: a secret key of the tests, long enough for everything"

func openDB(t *testing.T) *database.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func testConfig(t *testing.T) coatcheck.Config {
	t.Helper()
	return coatcheck.Config{
		Database: openDB(t),
		Keys:     coatcheck.Keys{Secret: testKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}},
		},
	}
}

// TestNewSaysTheRemedy: each mistake is found at set-up, and the error says
// which field it is.
func TestNewSaysTheRemedy(t *testing.T) {
	for want, spoil := range map[string]func(*coatcheck.Config){
		"set Config.Database, for instance to what sqlite.Open returns": func(c *coatcheck.Config) { c.Database = nil },
		"set Config.Keys.Secret to a long random text":                  func(c *coatcheck.Config) { c.Keys.Secret = "" },
		"has 31 characters; it needs 32 at least":                       func(c *coatcheck.Config) { c.Keys.Secret = testKey[:31] },
		"Keys.Fallbacks has an empty key":                               func(c *coatcheck.Config) { c.Keys.Fallbacks = []string{""} },
		"Config.CookieAge is -1s":                                       func(c *coatcheck.Config) { c.Sessions.CookieAge = -time.Second },
		"Config.CookieSameSite is":                                      func(c *coatcheck.Config) { c.Sessions.CookieSameSite = "sometimes" },
		"Config.Hashers is empty":                                       func(c *coatcheck.Config) { c.Passwords.Hashing.Hashers = []password.Hasher{} },
		"Config.Backends is empty":                                      func(c *coatcheck.Config) { c.Logins.Backends = []auth.Backend{} },
		"middleware: trusted origin":                                    func(c *coatcheck.Config) { c.Web.TrustedOrigins = []string{"other.example"} },
		"Config.LoginURL":                                               func(c *coatcheck.Config) { c.Site.LoginURL = "javascript:alert(1)//" },
		"Config.LoginRedirectURL": func(c *coatcheck.Config) {
			c.Views = views.Options{LoginRedirectURL: "javascript:alert(1)//"}
		},
	} {
		c := testConfig(t)
		spoil(&c)
		site, err := coatcheck.New(c)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) || site != nil {
			t.Errorf("want %q, got %v", want, err)
			continue
		}
		if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

// TestNewLeavesTheConfigAlone: it changes nothing that the caller sees.
func TestNewLeavesTheConfigAlone(t *testing.T) {
	c := testConfig(t)
	if _, err := coatcheck.New(c); err != nil {
		t.Fatal(err)
	}
	if c.Sessions.Store != nil || c.Sessions.Logger != nil || c.Site.LoginURL != "" {
		t.Errorf("the caller's configuration changed: %+v", c.Sessions)
	}
}

// client talks to a site over HTTP, with cookies, and follows no redirects.
type client struct {
	t    *testing.T
	url  string
	http *http.Client
}

func newClient(t *testing.T, server *httptest.Server) *client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	return &client{t, server.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c *client) do(method, path, form string, header ...string) (*http.Response, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Host = r.Header.Get("Host") // or the one of the server
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Error(err)
	}
	return response, string(body)
}

func (c *client) key() string {
	u, _ := url.Parse(c.url)
	for _, cookie := range c.http.Jar.Cookies(u) {
		if cookie.Name == sessions.DefaultCookieName {
			return cookie.Value
		}
	}
	return ""
}

func serve(t *testing.T, site *coatcheck.Site) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.HandleFunc("GET /public", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	mux.Handle("GET /private", site.RequireUser(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprintf(w, "hello %s", user)
	})))
	server := httptest.NewServer(site.Handler(mux))
	t.Cleanup(server.Close)
	return server
}

// TestSite is the life of a user, over HTTP, on SQLite.
func TestSite(t *testing.T) {
	config := testConfig(t)
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, site)
	c := newClient(t, server)
	const browser = "text/html"
	want := func(what string, response *http.Response, body string, status int, location, text string) {
		t.Helper()
		if response.StatusCode != status || response.Header.Get("Location") != location || !strings.Contains(body, text) {
			t.Errorf("%s: %d %v\n%s", what, response.StatusCode, response.Header, body)
		}
	}
	response, body := c.do("GET", "/private", "", "Accept", browser)
	want("a visitor", response, body, 302, "/accounts/login/?next=/private", "")
	form := "username=ada&email=ada%40example.com&password=correct-horse&password1=correct-horse&password2=correct-horse"
	response, body = c.do("POST", "/accounts/signup/", form, "Accept", "application/json")
	want("sign-up", response, body, 201, "", "")
	if c.key() != "" {
		t.Error("signing up made a session")
	}
	response, body = c.do("POST", "/accounts/login/?next=/private", "username=ada&password=wrong", "Accept", "application/json")
	want("a wrong password", response, body, 401, "", "")
	response, body = c.do("POST", "/accounts/login/?next=/private", "username=ada&password=correct-horse", "Accept", browser)
	want("login", response, body, 302, "/private", "")
	response, body = c.do("GET", "/private", "", "Accept", browser)
	want("signed in", response, body, 200, "", "hello ada")
	key := c.key()
	if row, err := config.Database.SessionByKey(t.Context(), key, time.Now()); err != nil || row.Data == "" || strings.Contains(row.Data, "correct-horse") {
		t.Errorf("the row of the session: %v", err)
	}
	response, body = c.do("POST", "/accounts/logout/", "a=b", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	want("another site's form", response, body, 403, "", "another site")
	response, body = c.do("POST", "/accounts/logout/", "a=b", "Accept", "application/json")
	want("logout", response, body, 200, "", "")
	if _, err := config.Database.SessionByKey(t.Context(), key, time.Now()); !errors.Is(err, database.ErrNotFound) || c.key() != "" {
		t.Errorf("after the logout: row %v, cookie %q", err, c.key())
	}
	response, body = c.do("GET", "/private", "", "Cookie", "sessionid="+key)
	want("with the old key", response, body, 302, "/accounts/login/?next=/private", "")
	response, body = c.do("GET", "/public", "")
	want("the public page", response, body, 200, "", "hello")
	if response.Header["Vary"] != nil || response.Header["Set-Cookie"] != nil {
		t.Errorf("the public page: %v", response.Header)
	}
}

// TestSecretKeyRotation: with the old key among the fallbacks nobody is signed
// out, and without it everybody.
func TestSecretKeyRotation(t *testing.T) {
	config := testConfig(t)
	sign := func(change func(*coatcheck.Config)) (*coatcheck.Site, *httptest.Server) {
		t.Helper()
		c := config
		change(&c)
		site, err := coatcheck.New(c)
		if err != nil {
			t.Fatal(err)
		}
		return site, serve(t, site)
	}
	site, server := sign(func(*coatcheck.Config) {})
	if _, err := site.Auth.CreateUser(t.Context(), auth.NewUser{Username: "ada", Password: "correct-horse"}); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, server)
	c.do("POST", "/accounts/login/", "username=ada&password=correct-horse")
	const newKey = "another secret key of the tests, long enough too"
	for _, step := range []struct {
		key       string
		fallbacks []string
		status    int
	}{
		{testKey, []string{newKey}, 200},
		{newKey, []string{testKey}, 200},
		{newKey, nil, 200}, // the session was renewed concurrently
		{testKey, nil, 302},
	} {
		_, server := sign(func(c *coatcheck.Config) { c.Keys.Secret, c.Keys.Fallbacks = step.key, step.fallbacks })
		c.url = server.URL
		for range 2 {
			if response, body := c.do("GET", "/private", ""); response.StatusCode != step.status {
				t.Errorf("key %.9q, fallbacks %.12q: %d %s", step.key, step.fallbacks, response.StatusCode, body)
			}
		}
	}
}

// clearing is a store that counts the calls of ClearExpired.
type clearing struct {
	sessions.Store
	mu    sync.Mutex // guards what follows
	times []time.Time
	err   error
}

func (c *clearing) ClearExpired(ctx context.Context) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, time.Now())
	return 1, errors.Join(c.err, ctx.Err())
}

// TestRun: it removes expired sessions about once an hour, goes on after a
// failure of the store, and ends with its context.
func TestRun(t *testing.T) {
	db := openDB(t)
	synctest.Test(t, func(t *testing.T) {
		store := &clearing{Store: sessionstest.NewMemory(), err: errors.New("not now")}
		site, err := coatcheck.New(coatcheck.Config{
			Database: db,
			Keys:     coatcheck.Keys{Secret: testKey},
			Sessions: sessions.Config{Store: store},
			Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- site.Run(ctx) }()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := len(store.times); n < 22 || n > 28 {
			t.Errorf("%d times a day", n)
		}
		pauses := map[time.Duration]bool{}
		for i := 1; i < len(store.times); i++ {
			pause := store.times[i].Sub(store.times[i-1])
			if pause < 54*time.Minute || pause > 66*time.Minute {
				t.Errorf("a pause of %v", pause)
			}
			pauses[pause] = true
		}
		if len(pauses) < 3 {
			t.Errorf("the pauses do not vary: %v", pauses)
		}
	})
}

// TestRunRemovesExpiredSessions, and no others, from the database.
func TestRunRemovesExpiredSessions(t *testing.T) {
	config := testConfig(t)
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for key, age := range map[string]time.Duration{"expired1": -time.Hour, "expired2": -time.Second, "alive111": time.Hour} {
		if err := config.Database.InsertSession(t.Context(), database.Session{Key: key, Data: "x", Expires: time.Now().Add(age)}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- site.Run(ctx) }()
	exists := func(key string) bool {
		there, err := config.Database.SessionExists(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return there
	}
	for exists("expired1") || exists("expired2") {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil || !exists("alive111") {
		t.Errorf("%v, the session that is alive is there: %v", err, exists("alive111"))
	}
}

// TestConfigDoesNotPrint its keys, alone or as a part of something.
func TestConfigDoesNotPrint(t *testing.T) {
	config := testConfig(t)
	config.Keys.Fallbacks = []string{"CANARY of old"}
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, v := range []any{config, &config, site, *site} {
		for _, v := range []any{v, struct{ Part any }{v}, []any{v}, map[string]any{"a": v}} {
			text, err := json.Marshal(v)
			fmt.Fprintf(&b, "%v %+v %#v %s %q %x\n%s %v\n", v, v, v, v, v, v, text, err)
			for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
				slog.New(h).Info("m", "v", v)
			}
		}
	}
	if text := b.String(); strings.Contains(text, "CANARY") || strings.Contains(text, fmt.Sprintf("%x", "CANARY")) {
		i := max(strings.Index(text, "CANARY"), strings.Index(text, fmt.Sprintf("%x", "CANARY")))
		t.Errorf("a key is shown: …%s…", text[max(0, i-300):min(len(text), i+30)])
	}
}
