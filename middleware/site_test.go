package middleware_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
)

const secretKey = "a secret key of the tests, long enough for everything"

// site is the whole stack on a SQLite file, with a mux of its own.
type site struct {
	db     *database.DB
	auth   *auth.Service
	mux    *http.ServeMux
	chain  func(http.Handler) http.Handler
	server *httptest.Server // after start
}

func newSite(t testing.TB) *site {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "site.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	hashers, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	service, err := auth.New(auth.Config{Users: db, Passwords: hashers, Keys: signing.Keys{Secret: secretKey}, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := middleware.CrossOrigin()
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, sessions.Config{Store: dbstore.New(db, codec), Logger: quiet})
	s := &site{db: db, auth: service, mux: http.NewServeMux()}
	s.chain = middleware.Chain(guard, middleware.Sessions(e), middleware.Authentication(service))
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := service.Logout(r); err != nil {
			middleware.Fail(w, r, err)
		}
	})
	s.mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		_, _ = io.WriteString(w, user.String())
	})
	s.mux.HandleFunc("POST /save", write)
	return s
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	user, err := s.auth.Authenticate(r.Context(), auth.Credentials{Username: r.PostFormValue("username"), Password: r.PostFormValue("password"), Request: r})
	if err == nil {
		err = s.auth.Login(r, user)
	}
	switch {
	case errors.Is(err, auth.ErrInvalidCredentials):
		middleware.Say(w, r, http.StatusUnauthorized, "Invalid credentials")
	case err != nil:
		middleware.Fail(w, r, err)
	}
}

// start serves the site, wrapped in what is given.
func (s *site) start(t testing.TB, outer ...func(http.Handler) http.Handler) *site {
	t.Helper()
	s.server = httptest.NewServer(middleware.Chain(append(outer, s.chain)...)(s.mux))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) user(t testing.TB, name, password string) *auth.User {
	t.Helper()
	u, err := s.auth.CreateUser(t.Context(), auth.NewUser{Username: name, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// post sends a form and returns the status and the body.
func (s *site) post(t testing.TB, c *http.Client, path, form string) (*http.Response, string) {
	t.Helper()
	return fetch(t, c, request(t, http.MethodPost, s.server.URL+path, form, "Content-Type", "application/x-www-form-urlencoded"))
}

func (s *site) get(t testing.TB, c *http.Client, path string, header ...string) (*http.Response, string) {
	t.Helper()
	return fetch(t, c, request(t, http.MethodGet, s.server.URL+path, "", header...))
}

// signIn is a client that is signed in.
func (s *site) signIn(t testing.TB, name, password string) *http.Client {
	t.Helper()
	c := newClient(t)
	if response, body := s.post(t, c, "/login", "username="+name+"&password="+password); response.StatusCode != http.StatusOK {
		t.Fatalf("login: %d %s", response.StatusCode, body)
	}
	return c
}

// key is the session key of a client.
func (s *site) key(t testing.TB, c *http.Client) string {
	t.Helper()
	for _, cookie := range c.Jar.Cookies(request(t, http.MethodGet, s.server.URL, "").URL) {
		if cookie.Name == sessions.DefaultCookieName {
			return cookie.Value
		}
	}
	return ""
}
