package coatcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/views"
)

// Config describes a site. Database and SecretKey are required; zero fields
// mean Django's defaults.
type Config struct {
	// Database holds users and sessions; see sqlite.Open, postgres.Open and
	// mysql.Open.
	Database *database.DB
	// SecretKey signs sessions. Keep it secret, and the same on every node and
	// in Django. It must have 32 characters at least. Django: SECRET_KEY.
	SecretKey string `json:"-"`
	// SecretKeyFallbacks are former keys that still verify, so that a change of
	// key signs nobody out. Django: SECRET_KEY_FALLBACKS.
	SecretKeyFallbacks []string `json:"-"`
	// AcceptSHA1 also reads what Django 3.2 signed with
	// DEFAULT_HASHING_ALGORITHM = 'sha1'.
	AcceptSHA1 bool
	// Sessions has the SESSION_… settings. Its Store is the database when nil.
	Sessions sessions.Config
	// Passwords has the PASSWORD_HASHERS setting and the limits of hashing.
	Passwords password.Config
	// Backends are the AUTHENTICATION_BACKENDS; nil means a ModelBackend.
	Backends []auth.Backend
	// Hooks are called at logins, logouts and failed logins.
	Hooks auth.Hooks
	// Views has the settings of the account pages. Its Auth is filled in.
	Views views.Config
	// LoginURL is "/accounts/login/" when empty. Django: LOGIN_URL.
	LoginURL string
	// TrustedOrigins are other sites, "https://other.example", whose pages may
	// send forms to this one. Django: CSRF_TRUSTED_ORIGINS.
	TrustedOrigins []string
	// Logger is slog.Default() when nil. It never gets a secret.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "coatcheck.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Site is the five layers, wired. Its fields are the layers themselves.
type Site struct {
	Database *database.DB     // 1
	Sessions *sessions.Engine // 2
	Auth     *auth.Service    // who
	Views    *views.Views     // 4, to be mounted at /accounts/
	Access   *access.Access   // 5

	chain func(http.Handler) http.Handler // 3
	log   *slog.Logger
}

// minSecretKey is the least length of a secret key. Django warns below 50
// characters (security.W009).
const minSecretKey = 32

// New checks the configuration and wires a site. It starts nothing: see Run.
func New(c Config) (*Site, error) {
	switch {
	case c.Database == nil:
		return nil, errors.New("coatcheck: no database given; set Config.Database, for instance to what sqlite.Open returns")
	case c.SecretKey == "":
		return nil, errors.New("coatcheck: no secret key given; set Config.SecretKey to a long random text that stays the same, " +
			"or to the SECRET_KEY of your Django site")
	case len(c.SecretKey) < minSecretKey:
		return nil, fmt.Errorf("coatcheck: the secret key has %d characters; it needs %d at least", len(c.SecretKey), minSecretKey)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	site := &Site{Database: c.Database, log: c.Logger}
	for _, wire := range []func(*Config) error{site.wireSessions, site.wireAuth, site.wireMiddleware, site.wireViews, site.wireAccess} {
		if err := wire(&c); err != nil {
			return nil, err
		}
	}
	return site, nil
}

func (s *Site) wireSessions(c *Config) error {
	if c.Sessions.Logger == nil {
		c.Sessions.Logger = c.Logger
	}
	if c.Sessions.Store == nil {
		codec, err := sessions.NewCodec(sessions.CodecConfig{
			SecretKey: c.SecretKey, SecretKeyFallbacks: c.SecretKeyFallbacks, AcceptSHA1: c.AcceptSHA1,
		})
		if err != nil {
			return err
		}
		c.Sessions.Store = dbstore.New(c.Database, codec)
	}
	var err error
	s.Sessions, err = sessions.New(c.Sessions)
	return err
}

func (s *Site) wireAuth(c *Config) error {
	passwords, err := password.New(c.Passwords)
	if err != nil {
		return err
	}
	s.Auth, err = auth.New(auth.Config{
		Users: c.Database, Passwords: passwords, Backends: c.Backends, SecretKey: c.SecretKey,
		SecretKeyFallbacks: c.SecretKeyFallbacks, AcceptSHA1: c.AcceptSHA1, Hooks: c.Hooks, Logger: c.Logger,
	})
	return err
}

func (s *Site) wireMiddleware(c *Config) error {
	guard, err := middleware.CrossOrigin(c.TrustedOrigins...)
	if err != nil {
		return err
	}
	s.chain = middleware.Chain(guard, middleware.Sessions(s.Sessions), middleware.Authentication(s.Auth))
	return nil
}

func (s *Site) wireViews(c *Config) error {
	v := c.Views
	v.Auth = s.Auth
	if v.LoginURL == "" {
		v.LoginURL = c.LoginURL
	}
	var err error
	s.Views, err = views.New(v)
	return err
}

func (s *Site) wireAccess(c *Config) error {
	var err error
	s.Access, err = access.New(access.Config{Auth: s.Auth, LoginURL: c.LoginURL})
	return err
}

// Handler wraps the program's handler, usually a mux, with the middleware: the
// cross-origin guard, the session and the user of each request.
func (s *Site) Handler(h http.Handler) http.Handler { return s.chain(h) }

// housekeeping is how often Run removes expired sessions, give or take a tenth,
// so that the nodes of a site do not all do it at once.
const housekeeping = time.Hour

// Run does the housekeeping until ctx is done: it removes expired sessions from
// the store. A program may instead call Sessions.ClearExpired when it likes, or
// leave it to coatcheck clearsessions. It returns nil when ctx is done.
func (s *Site) Run(ctx context.Context) error {
	for {
		n, err := s.Sessions.ClearExpired(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.log.WarnContext(ctx, "expired sessions could not be removed; trying again later", "error", err)
		case n > 0:
			s.log.InfoContext(ctx, "expired sessions removed", "count", n)
		}
		pause := housekeeping + time.Duration(rand.Int64N(int64(housekeeping/5))) - housekeeping/10
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
