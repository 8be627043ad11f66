package coatchecktest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password"
)

// SecretKey is the secret key of the sites that NewSite makes.
const SecretKey = "a secret key for tests, known to everybody"

// Site is a site in memory that ends with the test.
type Site struct {
	*coatcheck.Site
	t testing.TB
}

// NewSite returns a site on an empty SQLite database in memory, with cheap
// password hashes, and with a log that shows with the test's output. The
// functions, if any, change its configuration first.
func NewSite(t testing.TB, configure ...func(*coatcheck.Config)) *Site {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal("coatchecktest: ", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error("coatchecktest: ", err)
		}
	})
	config := coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: SecretKey},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}},
		},
		Site: coatcheck.SiteOptions{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))},
	}
	for _, change := range configure {
		change(&config)
	}
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Site{site, t}
}

// CreateUser creates a user; an empty password makes one whom no password signs in.
func (s *Site) CreateUser(username, password string) *auth.User {
	s.t.Helper()
	return s.create(s.Auth.CreateUser, username, password)
}

// CreateSuperuser creates a user who may do everything.
func (s *Site) CreateSuperuser(username, password string) *auth.User {
	s.t.Helper()
	return s.create(s.Auth.CreateSuperuser, username, password)
}

func (s *Site) create(make func(context.Context, auth.NewUser) (*auth.User, error), username, password string) *auth.User {
	s.t.Helper()
	user, err := make(s.t.Context(), auth.NewUser{Username: username, Email: username + "@example.com", Password: password})
	if err != nil {
		s.t.Fatalf("coatchecktest: create user %q: %v", username, err)
	}
	return user
}

// NewClient returns a client of a handler, which is what the program serves: it
// went through Site.Handler already. Each client has cookies of its own.
func (s *Site) NewClient(h http.Handler) *Client {
	s.t.Helper()
	return NewClient(s.t, s.Site, h)
}
