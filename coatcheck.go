package coatcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/views"
)

// Config describes a site. Database and SecretKey are required; zero fields
// mean Django's defaults.
type Config struct {
	// Database contains users and sessions; see sqlite.Open, postgres.Open and
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
	// SessionSerializer is the form in which rows, files and cookies hold session data;
	// sessions.JSONSerializer when empty. Django: SESSION_SERIALIZER.
	SessionSerializer sessions.Serializer
	// Sessions has the SESSION_… settings. Its Store is the database when nil.
	Sessions sessions.Config
	// Passwords has the PASSWORD_HASHERS setting and the limits of hashing.
	Passwords password.Config
	// Validators judge new passwords on the sign-up page. Nil means the four of a
	// new Django project, validate.Default; to take every password, give
	// an empty list that is not nil. Django: AUTH_PASSWORD_VALIDATORS.
	Validators []validate.Validator
	// PasswordResetTimeout is how long a reset token holds; three days when zero.
	// Django: PASSWORD_RESET_TIMEOUT.
	PasswordResetTimeout time.Duration
	// SessionMaxAge is how long after its login a session ends, however much it is used; 0
	// sets no limit.
	SessionMaxAge time.Duration
	// TimeZone is Django's TIME_ZONE, by which reset tokens are stamped. Nil means
	// the zone of Database, which is UTC unless its Location says otherwise.
	TimeZone *time.Location
	// Backends are the AUTHENTICATION_BACKENDS; nil means a ModelBackend, and
	// before it a backends.RemoteUser where RemoteUser is set.
	Backends []auth.Backend
	// LoginBy is what users type to log in; identity.ByUsername when empty.
	LoginBy identity.LoginBy
	// BackendPaths are the backends of the Django site beside this one, as in
	// backends.Named, so that a session is accepted by whichever of them its user
	// signed in. It excludes Backends. Django: AUTHENTICATION_BACKENDS.
	BackendPaths []string
	// LoginConditions keep users from logging in here of whom the Django site asks for more
	// than a password. Give them to DB.CheckLoginConditions at the start: a table that is not
	// there lets nobody in.
	LoginConditions []database.LoginCondition
	// Throttle bounds how often passwords may be guessed and accounts be made. Its
	// Store is the database when nil, where that has the table, and else the
	// memory of this process. ThrottleOff switches it off.
	Throttle    attempts.Config
	ThrottleOff bool
	// Factors are steps that a login may need after the password, in order.
	Factors []auth.Factor
	// Hooks are called when something happens to an account, and may refuse it.
	Hooks hooks.Hooks
	// Accounts has the settings of what people do with their accounts beyond signing in
	// and out; set its Mail and BaseURL to send emails. Leave its Database, Auth, Sessions,
	// keys and Serializer out, which are the site's own. What is nil or empty of Languages,
	// LoginURL, SiteName and Logger is filled in.
	Accounts accounts.Config
	// Views has the settings of the account pages. Leave its Auth and Accounts out.
	Views views.Config
	// Messages has the MESSAGE_… settings of Site.Messages. Leave the keys and the cookie's
	// attributes out, which are the site's own; Logger is filled in.
	Messages messages.Config
	// LoginURL is "/accounts/login/" of this site when empty. Another path gets no
	// ScriptName in front. Django: LOGIN_URL.
	LoginURL string
	// ScriptName is the path below which a proxy mounts the site, "/auth" for instance.
	// It goes before every address that the site makes, in pages, redirects and emails,
	// and is the path of the cookies where the settings name none. Requests may come with
	// it or without it. Django: FORCE_SCRIPT_NAME.
	ScriptName string
	// Guard keeps other sites' pages from acting with a visitor's cookies. When
	// empty it is GuardDjango where Django made the tables of the database, and
	// GuardCrossOrigin where Coatcheck did.
	Guard Guard
	// CSRF has the CSRF_… settings of GuardDjango and GuardBoth. What is nil or
	// empty of TrustedOrigins, SessionCookieDomain, Failure and Logger is filled in.
	CSRF middleware.CSRFConfig
	// TrustedOrigins are other sites, "https://other.example" or
	// "https://*.example.com", whose pages may send forms to this one. Django:
	// CSRF_TRUSTED_ORIGINS.
	TrustedOrigins []string
	// AllowedHosts are the hosts that the site serves, as in
	// middleware.HostsConfig; others get 400. Nil serves every host, so set
	// it before anything makes links from the host of a request; a list that is
	// empty and not nil serves none. Django: ALLOWED_HOSTS.
	AllowedHosts []string
	// TrustedProxies are the addresses or networks of the proxies in front of the
	// site, or "unix", as in middleware.ProxyConfig. Their X-Forwarded-Proto and
	// X-Forwarded-For are believed, and nobody else's.
	TrustedProxies []string
	// Proxy has the other settings about proxies. Its Trusted is TrustedProxies
	// when nil.
	Proxy middleware.ProxyConfig
	// Security has the SECURE_… settings and X_FRAME_OPTIONS. Nil adds no headers
	// to the program's own pages; the account pages always have theirs.
	Security *middleware.SecurityConfig
	// RemoteUser signs in whom a web server in front of the site names. Nil believes
	// nobody. Leave its Auth out; Trusted is filled in if it is nil, by TrustedProxies.
	// Django: RemoteUserMiddleware.
	RemoteUser *middleware.RemoteUserConfig
	// Logger is slog.Default() when nil. It never gets a secret.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "coatcheck.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Site is the five layers, wired. Its fields are the layers themselves. The guards of Access
// are its methods as well: site.RequireUser(h), site.API().RequirePermission("polls.add_poll")(h).
type Site struct {
	Database *database.DB     // 1
	Sessions *sessions.Engine // 2
	Auth     *auth.Service    // who
	// Accounts is nil where the database lacks a table that it needs, because it was opened
	// with NoCreate and coatcheck migrate was not run.
	Accounts       *accounts.Service
	Views          *views.Views // 4, to be mounted at /accounts/
	*access.Access              // 5

	chain    func(http.Handler) http.Handler // 3
	messages func(http.Handler) http.Handler
	log      *slog.Logger

	own          *own.Store
	cookiePath   string
	throttleRows bool // attempts are counted in the database
}

// MinSecretKey is the least length of a secret key. Django warns below 50
// characters (security.W009).
const MinSecretKey = 32

// New checks the configuration and wires a site. It makes no query, since opening the database
// found out what it asks for, and it starts nothing: see Run.
func New(c Config) (*Site, error) {
	switch {
	case c.Database == nil:
		return nil, errors.New("coatcheck: no database given; set Config.Database, for instance to what sqlite.Open returns")
	case c.SecretKey == "":
		return nil, errors.New("coatcheck: no secret key given; set Config.SecretKey to a long random text that stays the same, " +
			"or to the SECRET_KEY of your Django site")
	case len(c.SecretKey) < MinSecretKey:
		return nil, fmt.Errorf("coatcheck: the secret key has %d characters; it needs %d at least", len(c.SecretKey), MinSecretKey)
	}
	if err := c.refuseOwned(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	site := &Site{Database: c.Database, own: own.New(c.Database), log: c.Logger}
	site.cookiePath = cmp.Or(c.Sessions.CookiePath, below(&c, "/"))
	for _, wire := range []func(*Config) error{
		site.look, site.wireSessions, site.wireAuth, site.wireMiddleware, site.wireMessages, site.wireAccounts,
		site.wireViews, site.wireAccess,
	} {
		if err := wire(&c); err != nil {
			return nil, err
		}
	}
	return site, nil
}

// look refuses a database without the tables that each page needs, or whose account may
// not read them.
func (s *Site) look(c *Config) error {
	_, inRows := c.Sessions.Store.(sessions.Finder)
	if err := c.Database.Facts().Ready(c.Sessions.Store == nil || inRows); err != nil {
		return fmt.Errorf("coatcheck: %w", err)
	}
	return nil
}

// has reports whether the database has the tables of a feature, and otherwise warns of
// what there is not.
func (s *Site) has(without string, tables ...string) bool {
	err := own.Missing(s.Database, tables...)
	if err != nil {
		s.log.Warn(without, "error", err)
	}
	return err == nil
}

func (s *Site) wireSessions(c *Config) error {
	if c.Sessions.Logger == nil {
		c.Sessions.Logger = c.Logger
	}
	if c.Sessions.Store == nil {
		codec, err := sessions.NewCodec(sessions.CodecConfig{
			SecretKey: c.SecretKey, SecretKeyFallbacks: c.SecretKeyFallbacks, AcceptSHA1: c.AcceptSHA1,
			Serializer: c.SessionSerializer,
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

// hooks are those of the program, and at each login the notice about a new device.
func (s *Site) hooks(c *Config) hooks.Hooks {
	all := c.Hooks
	all.LoggedIn = slices.Concat(all.LoggedIn, hooks.List{{After: func(ctx context.Context, e *hooks.Event) {
		if s.Accounts != nil {
			s.Accounts.NoticeLogin(ctx, e)
		}
	}}})
	return all
}

func (s *Site) wireAuth(c *Config) error {
	passwords, err := password.New(c.Passwords)
	if err != nil {
		return err
	}
	if err := c.chooseBackends(passwords); err != nil {
		return err
	}
	limits, err := s.chooseThrottle(c)
	if err != nil {
		return err
	}
	_, s.throttleRows = limits.Store.(own.Throttle)
	var endings auth.Endings
	if s.has("sessions end only where the store finds them", own.EndingTable) {
		endings = s.own
	}
	s.has("two users who sign up at the same moment can get one name in two spellings", own.LockTable)
	s.Auth, err = auth.New(auth.Config{
		Throttle: limits, Endings: endings, LoginConditions: c.LoginConditions,
		Users: c.Database, Passwords: passwords, Backends: c.Backends, LoginBy: c.LoginBy,
		SecretKey:          c.SecretKey,
		SecretKeyFallbacks: c.SecretKeyFallbacks, AcceptSHA1: c.AcceptSHA1, Hooks: s.hooks(c), Factors: c.Factors, Logger: c.Logger,
		Validators: c.Validators, PasswordResetTimeout: c.PasswordResetTimeout, TimeZone: c.TimeZone,
		SessionMaxAge: c.SessionMaxAge,
	})
	return err
}

// wireAccounts returns the accounts where the database has their tables.
func (s *Site) wireAccounts(c *Config) error {
	var err error
	a := c.Accounts
	a.Database, a.Auth, a.Sessions = c.Database, s.Auth, s.Sessions
	a.SecretKey, a.SecretKeyFallbacks, a.AcceptSHA1 = c.SecretKey, c.SecretKeyFallbacks, c.AcceptSHA1
	a.Serializer = c.SessionSerializer
	a.LoginURL = strings.TrimPrefix(cmp.Or(a.LoginURL, c.LoginURL), c.ScriptName)
	a.SiteName = cmp.Or(a.SiteName, c.Views.SiteName)
	if a.BaseURL, err = baseURL(a.BaseURL, c.ScriptName); err != nil {
		return err
	}
	a.Logger = orLogger(a.Logger, c.Logger)
	if a.Languages == nil {
		a.Languages = c.Views.Languages
	}
	s.Accounts, err = accounts.New(a)
	if missing := (*own.MissingError)(nil); errors.As(err, &missing) {
		c.Logger.Warn("there is no list of sessions and no email", "error", missing)
		return nil
	}
	return err
}

func (s *Site) wireMessages(c *Config) error {
	m, cookie := c.Messages, s.Sessions.Config()
	m.SecretKey, m.SecretKeyFallbacks, m.AcceptSHA1 = c.SecretKey, c.SecretKeyFallbacks, c.AcceptSHA1
	m.CookieDomain, m.CookieSameSite = cookie.CookieDomain, cookie.CookieSameSite
	m.CookieSecure, m.CookieScriptAccess = cookie.CookieSecure, cookie.CookieScriptAccess
	m.Logger = orLogger(m.Logger, c.Logger)
	service, err := messages.New(m)
	if err != nil {
		return err
	}
	s.messages = middleware.Messages(service)
	return nil
}

// baseURL is where the site is, for emails. It may name the path below which a proxy
// mounts the site or leave it out.
func baseURL(base, scriptName string) (string, error) {
	u, err := url.Parse(base)
	scriptName = strings.TrimSuffix(scriptName, "/")
	if err != nil || base == "" || scriptName == "" { // accounts.New judges it
		return base, nil
	}
	if path := strings.TrimSuffix(u.Path, "/"); path != "" && path != scriptName {
		return "", fmt.Errorf("coatcheck: Config.Accounts.BaseURL (--base-url) is %q, and ScriptName (--script-name) %q; "+
			"name the same path, or the host alone", base, scriptName)
	}
	u.Path = scriptName
	return u.String(), nil
}

func (s *Site) wireViews(c *Config) error {
	v := c.Views
	v.Auth, v.Accounts = s.Auth, s.Accounts
	v.LoginURL = cmp.Or(v.LoginURL, c.LoginURL)
	v.Logger = orLogger(v.Logger, c.Logger)
	var err error
	s.Views, err = views.New(v)
	return err
}

func (s *Site) wireAccess(c *Config) error {
	var err error
	s.Access, err = access.New(access.Config{Auth: s.Auth, LoginURL: c.LoginURL})
	return err
}

// CookiePath is the path of the session's cookie: "/" unless Sessions.CookiePath or ScriptName
// says another.
func (s *Site) CookiePath() string { return s.cookiePath }

// Handler wraps the program's handler, usually a mux, with the middleware: the
// guard, the session and the user of each request.
func (s *Site) Handler(h http.Handler) http.Handler { return s.chain(h) }

// Messages wraps handlers that add or show one-time notices by the package messages. It
// belongs inside Handler:
//
//	http.ListenAndServe(addr, site.Handler(site.Messages(mux)))
func (s *Site) Messages(h http.Handler) http.Handler { return s.messages(h) }

// housekeeping is how often Run removes expired sessions, give or take a tenth,
// so that the nodes of a site do not all do it at once.
const housekeeping = time.Hour

// Run does the housekeeping until ctx is done: it removes expired sessions from
// the store and what was counted of attempts to log in and means nothing any more,
// keeps the list of where users are signed in, and sends the emails. Any number of
// nodes may run it. A program may instead call Sessions.ClearExpired and
// own.Store.DeleteIdleThrottles when it likes, or leave the sessions to coatcheck
// clearsessions, and Accounts.Run for the rest. It returns nil when ctx is done.
func (s *Site) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	if s.Accounts != nil {
		working.Go(func() { _ = s.Accounts.Run(ctx) }) // nil, always
	}
	for {
		s.clean(ctx, "expired sessions", s.Sessions.ClearExpired)
		s.clean(ctx, "idle counts of attempts", s.clearThrottles)
		pause := housekeeping + time.Duration(rand.Int64N(int64(housekeeping/5))) - housekeeping/10
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
