package auth_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

const secretKey = "a secret key of the tests, long enough for everything"

// rig is the middleware around a handler that each request brings along, served
// over HTTP, on SQLite in memory and sessions in memory.
type rig struct {
	*auth.Service
	t       *testing.T
	db      *database.DB
	users   *users
	store   *sessionstest.Memory
	server  *httptest.Server
	mu      sync.Mutex // guards handler
	handler http.HandlerFunc
}

// users are the ones of the database, failing on request.
type users struct {
	*database.DB
	mu            sync.Mutex // guards what follows
	fail          error
	beforeReplace func() // runs when a rehash is about to be stored
}

func (u *users) failWith(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fail = err
}

func (u *users) failure() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.fail
}

func (u *users) UserByID(ctx context.Context, id string) (*auth.User, error) {
	if err := u.failure(); err != nil {
		return nil, err
	}
	return u.DB.UserByID(ctx, id)
}

func (u *users) UserByUsername(ctx context.Context, name string) (*auth.User, error) {
	if err := u.failure(); err != nil {
		return nil, err
	}
	return u.DB.UserByUsername(ctx, name)
}

func (u *users) SetLastLogin(ctx context.Context, id string, at time.Time) error {
	if err := u.failure(); err != nil {
		return err
	}
	return u.DB.SetLastLogin(ctx, id, at)
}

func (u *users) ReplacePassword(ctx context.Context, id string, old, new password.Hash) (bool, error) {
	if u.beforeReplace != nil {
		u.beforeReplace()
	}
	return u.DB.ReplacePassword(ctx, id, old, new)
}

func openDB(t testing.TB) *database.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// hashers are PBKDF2 hashers with so many iterations.
func hashers(t testing.TB, iterations int) *password.Hashers {
	t.Helper()
	h, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: iterations}, password.MD5{}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newRig(t *testing.T, changes ...func(*auth.Config)) *rig {
	t.Helper()
	db := openDB(t)
	r := &rig{t: t, db: db, users: &users{DB: db}, store: sessionstest.NewMemory()}
	config := auth.Config{Users: r.users, Passwords: hashers(t, 1), Keys: signing.Keys{Secret: secretKey}, Logger: quiet()}
	for _, change := range changes {
		change(&config)
	}
	var err error
	if r.Service, err = auth.New(config); err != nil {
		t.Fatal(err)
	}
	engine, err := sessions.New(sessions.Config{Store: r.store, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	chain := middleware.Chain(middleware.Sessions(engine), middleware.Authentication(r.Service))
	r.server = httptest.NewServer(chain(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		h := r.handler
		r.mu.Unlock()
		h(w, req)
	})))
	t.Cleanup(r.server.Close)
	return r
}

// user creates a user whose password is "secret".
func (r *rig) user(name string) *auth.User {
	r.t.Helper()
	u, err := r.CreateUser(r.t.Context(), auth.NewUser{Username: name, Password: "secret"})
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// authenticate signs nobody in; it returns who would be.
func (r *rig) authenticate(name, password string) (*auth.User, error) {
	return r.Authenticate(r.t.Context(), auth.Credentials{Username: name, Password: password})
}

// browser is a client with cookies of its own.
type browser struct {
	*rig
	client *http.Client
}

func (r *rig) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{r, &http.Client{Jar: jar}}
}

// visit sends a request that f handles; an error of f is handled as
// middleware.Fail does. It returns the response and the error.
func (b *browser) visit(f func(r *http.Request) error) (*http.Response, error) {
	b.t.Helper()
	var err error
	b.mu.Lock()
	b.handler = func(w http.ResponseWriter, r *http.Request) {
		if err = f(r); err != nil {
			middleware.Fail(w, r, err)
		}
	}
	b.mu.Unlock()
	response, httpErr := b.client.Get(b.server.URL)
	if httpErr != nil {
		b.t.Fatal(httpErr)
	}
	response.Body.Close()
	return response, err
}

// must visits and fails the test on an error.
func (b *browser) must(f func(r *http.Request) error) *http.Response {
	b.t.Helper()
	response, err := b.visit(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return response
}

// login signs in a user as the database has it now.
func (b *browser) login(id string) {
	b.t.Helper()
	b.must(func(r *http.Request) error {
		user, err := b.db.UserByID(r.Context(), id)
		if err != nil {
			return err
		}
		return b.Login(r, user)
	})
}

// who is the user of a request of this browser.
func (b *browser) who() *auth.User {
	b.t.Helper()
	var user *auth.User
	b.must(func(r *http.Request) (err error) {
		user, err = auth.UserFromContext(r.Context())
		return err
	})
	return user
}

// key is the session key in the browser's cookie, "" where it has none.
func (b *browser) key() string {
	u, _ := url.Parse(b.server.URL)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == sessions.DefaultCookieName {
			return c.Value
		}
	}
	return ""
}

// setKey puts a session key into the browser's cookie.
func (b *browser) setKey(key string) {
	u, _ := url.Parse(b.server.URL)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: sessions.DefaultCookieName, Value: key, Path: "/"}})
}

// session is the JSON text of the browser's session in the store.
func (b *browser) session() string { return b.store.Sessions()[b.key()] }

func set(key string, value any) func(*http.Request) error {
	return func(r *http.Request) error {
		s, err := sessions.FromContext(r.Context())
		if err != nil {
			return err
		}
		return s.Set(r.Context(), key, value)
	}
}
