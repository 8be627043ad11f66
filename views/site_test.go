package views_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

const (
	secretKey = "a key of the tests, long enough for anything"
	browser   = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	// canary is the password of every test; it must come out nowhere.
	canary = "canary-tweets-0451"
)

// output collects what the logs and the traces of all tests say.
var output safeBuffer

type safeBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug})))
	code := m.Run()
	if text := output.String(); strings.Contains(text, canary) {
		os.Stderr.WriteString("a password is in the logs or traces:\n" + text)
		code = 1
	}
	os.Exit(code)
}

// site is a whole site: the middleware around the views, on a real database.
type site struct {
	*httptest.Server
	db       *database.DB
	auth     *auth.Service
	accounts *accounts.Service // nil, but for newMailSite
	outbox   *featuretest.Outbox
	views    *views.Views
}

// newSite starts a site. The changes are made to the configuration of the views.
func newSite(t testing.TB, changes ...func(*views.Config)) *site {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "site.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return serve(t, db, auth.Config{Users: db, Passwords: quick(t), Keys: signing.Keys{Secret: secretKey}}, changes...)
}

// quick hashes passwords at once.
func quick(t testing.TB) *password.Hashers {
	t.Helper()
	passwords, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return passwords
}

func serve(t testing.TB, db *database.DB, c auth.Config, changes ...func(*views.Config)) *site {
	t.Helper()
	service, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{db: db, auth: service}
	s.start(t, engine(t, db), changes...)
	return s
}

// start creates the views and serves them.
func (s *site) start(t testing.TB, sessions *sessions.Engine, changes ...func(*views.Config)) {
	t.Helper()
	keys := signing.Keys{Secret: secretKey}
	notices, err := messages.New(messages.Config{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	config := views.Config{Auth: s.auth, Accounts: s.accounts, Keys: keys, Messages: notices}
	for _, change := range changes {
		change(&config)
	}
	v, err := views.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.views = v
	mux := http.NewServeMux()
	mux.Handle(views.Path, v)
	mux.Handle("/{$}", v.Home())
	mux.Handle(views.PublicURL, v.Public())
	mux.Handle(views.APIProfileURL, v.APIProfile())
	mux.Handle("/", v.NotFound())
	s.Server = httptest.NewServer(s.chain(t, sessions)(mux))
	t.Cleanup(s.Close)
}

// engine keeps sessions in the database.
func engine(t testing.TB, db *database.DB) *sessions.Engine {
	t.Helper()
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sessions.New(sessions.Config{Store: dbstore.New(db, codec)})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func (s *site) chain(t testing.TB, engine *sessions.Engine) func(http.Handler) http.Handler {
	t.Helper()
	guard, err := middleware.CrossOrigin()
	if err != nil {
		t.Fatal(err)
	}
	var hooks middleware.SessionHooks
	if s.accounts != nil {
		hooks = middleware.SessionHooks{Stored: s.accounts.Record, Done: s.accounts.Track}
	}
	trace := middleware.Trace(func(block string) { io.WriteString(&output, block) })
	return middleware.Chain(trace, guard, middleware.Sessions(engine, hooks), middleware.Authentication(s.auth))
}

// addUser creates a user whose password is the canary.
func (s *site) addUser(t testing.TB, n auth.NewUser) *auth.User {
	t.Helper()
	n.Password = canary
	user, err := s.auth.CreateUser(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// count returns the number of rows of a table.
func (s *site) count(t testing.TB, table string) int {
	t.Helper()
	var n int
	if err := s.db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// client is a browser or a program with a jar of cookies.
type client struct {
	t      testing.TB
	site   *site
	http   *http.Client
	accept string
}

// browser is a client that asks for HTML, and program one that asks for nothing,
// as curl does. Neither follows redirects.
func (s *site) browser(t testing.TB) *client { return s.client(t, browser) }
func (s *site) program(t testing.TB) *client { return s.client(t, "*/*") }

func (s *site) client(t testing.TB, accept string) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &client{t, s, c, accept}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	text string
}

func (c *client) do(method, path, contentType, body string) *answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.site.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", c.accept)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return c.send(r)
}

func (c *client) send(r *http.Request) *answer {
	c.t.Helper()
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(string(text), canary) {
		c.t.Errorf("%s %s: the password is in the response", r.Method, r.URL.Path)
	}
	if resp.StatusCode == http.StatusInternalServerError {
		c.t.Errorf("%s %s: %s\n%s", r.Method, r.URL.Path, text, output.String())
	}
	return &answer{resp, string(text)}
}

func (c *client) get(path string) *answer { c.t.Helper(); return c.do("GET", path, "", "") }

// form posts names and values in turn.
func (c *client) form(path string, pairs ...string) *answer {
	c.t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return c.do("POST", path, "application/x-www-form-urlencoded", values.Encode())
}

func (c *client) json(path, body string) *answer {
	c.t.Helper()
	return c.do("POST", path, "application/json", body)
}

// login logs in with the canary.
func (c *client) login(username string) *answer {
	c.t.Helper()
	return c.form("/accounts/login/", "username", username, "password", canary)
}

// wantJSON checks status and body of a response in JSON.
func (a *answer) wantJSON(t testing.TB, status int, want string) {
	t.Helper()
	var got, wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	err := json.Unmarshal([]byte(a.text), &got)
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(wanted)
	if err != nil || a.StatusCode != status || string(g) != string(w) || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %s %s\nwant %d %s", a.Request.URL.Path, a.StatusCode, a.Header.Get("Content-Type"), a.text, status, want)
	}
}

// wantUser checks that a response says of this user that they are signed in, under the name,
// and all that it says.
func (a *answer) wantUser(t testing.TB, name, text, username string) {
	t.Helper()
	var got struct {
		User struct{ ID, Username, Email string }
	}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil || got.User.ID == "" || username != got.User.Username && username != got.User.Email {
		t.Errorf("%s: %d %s is not about %s", a.Request.URL.Path, a.StatusCode, a.text, username)
	}
	a.wantJSON(t, http.StatusOK, fmt.Sprintf(`{%q:%q,"user":{"id":%q,"username":%q,"email":%q,"is_staff":false,"is_superuser":false}}`,
		name, text, got.User.ID, got.User.Username, got.User.Email))
}

// wantRedirect checks that a response is a 302 to the target.
func (a *answer) wantRedirect(t testing.TB, target string) {
	t.Helper()
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusFound || got != target {
		t.Errorf("%s: %d to %q, want 302 to %q", a.Request.URL.Path, a.StatusCode, got, target)
	}
}

// cookie returns the value of the session cookie that the response sets, or "".
func (a *answer) cookie() string {
	for _, c := range a.Cookies() {
		if c.Name == sessions.DefaultCookieName {
			return c.Value
		}
	}
	return ""
}
