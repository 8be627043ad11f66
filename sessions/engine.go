package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
)

// Defaults of Config.
const (
	DefaultCookieName = "sessionid"
	DefaultCookieAge  = 14 * 24 * time.Hour
)

// Config specifies how sessions work. Only Store is required; zero fields mean
// Django's defaults.
type Config struct {
	// Store keeps the sessions. Django: SESSION_ENGINE.
	Store Store
	// Between returns what stands between sessions and Store, such as a memory; nil for nothing.
	// Whatever asks for Store itself gets Store.
	Between func(Store) Store
	// Memory is how many bytes of this process keep sessions and their users between requests,
	// 1 MiB or more; 0 keeps none. A request for what is kept makes no query. What another program
	// changes counts within milliseconds, and after the bound of the stores at the latest: one second
	// with PostgreSQL and Redis, 50 ms with SQLite. It is for coatcheck.New, which fills Between,
	// and refuses stores that do not tell of changes; nothing is kept unless Site.Run runs. See
	// docs/session-memory.md.
	Memory int64
	// Serializer is the form in which Store has the data of sessions, for those who read rows
	// beside the engine, as accounts do; JSONSerializer when empty. Django: SESSION_SERIALIZER.
	Serializer Serializer
	// CookieName is "sessionid" when empty. Django: SESSION_COOKIE_NAME.
	CookieName string
	// CookieAge is how long a session lives after its last save; two weeks when
	// 0. Django: SESSION_COOKIE_AGE, in seconds.
	CookieAge time.Duration
	// CookieDomain is empty for a cookie of this host alone. Django: SESSION_COOKIE_DOMAIN.
	CookieDomain string
	// CookiePath is "/" when empty, or the path below which a proxy mounts the site.
	// Django: SESSION_COOKIE_PATH.
	CookiePath string
	// CookieSecure sends the cookie over HTTPS only. Django: SESSION_COOKIE_SECURE.
	CookieSecure bool
	// CookieScriptAccess leaves out HttpOnly, which lets scripts read the
	// session key. Django: SESSION_COOKIE_HTTPONLY = False.
	CookieScriptAccess bool
	// CookieSameSite is "Lax" when empty, or "Strict", "None", or "omit" for no
	// attribute at all. Django: SESSION_COOKIE_SAMESITE (whose None is "omit").
	CookieSameSite string
	// SaveEveryRequest saves each session that was sent, changed or not, so that
	// it expires CookieAge after its last use. Django: SESSION_SAVE_EVERY_REQUEST.
	SaveEveryRequest bool
	// ExpireAtBrowserClose sends cookies without an end, unless a session says
	// otherwise; the store still ends the session after CookieAge. Django:
	// SESSION_EXPIRE_AT_BROWSER_CLOSE.
	ExpireAtBrowserClose bool
	// Location is the zone of dates without one, for a Django site with USE_TZ =
	// False: its TIME_ZONE. Nil means USE_TZ = True.
	Location *time.Location
	// Logger receives a warning for each session whose data is corrupt, without
	// its content. Nil means slog.Default().
	Logger *slog.Logger
}

// Engine provides the sessions of requests. It is safe for concurrent use and
// holds no state of its own.
type Engine struct {
	config Config
	store  Store // Config.Store, and what stands between
}

// New checks the configuration and makes an Engine.
func New(c Config) (*Engine, error) {
	if c.Store == nil {
		return nil, errors.New("sessions: no store given; set Config.Store, for instance to dbstore.New(db, codec)")
	}
	if c.Memory != 0 && c.Between == nil {
		return nil, errors.New("sessions: Config.Memory is for coatcheck.New; leave it out, or set Between")
	}
	if c.CookieAge < 0 {
		return nil, fmt.Errorf("sessions: Config.CookieAge is %v; it must not be negative", c.CookieAge)
	}
	switch strings.ToLower(c.CookieSameSite) {
	case "", "lax", "strict", "none", "omit":
	default:
		return nil, fmt.Errorf(`sessions: Config.CookieSameSite is %q; it must be "Lax", "Strict", "None" or "omit"`, c.CookieSameSite)
	}
	c.setDefaults()
	cookie := httptext.SetCookie{Name: c.CookieName, Value: NewKey(), Path: c.CookiePath, Domain: c.CookieDomain}
	if _, err := cookie.String(time.Now()); err != nil {
		return nil, fmt.Errorf("sessions: Config.CookieName, CookiePath or CookieDomain: %w", err)
	}
	e := &Engine{config: c, store: c.Store}
	if c.Between != nil {
		e.store = c.Between(c.Store)
	}
	return e, nil
}

func (c *Config) setDefaults() {
	if c.CookieName == "" {
		c.CookieName = DefaultCookieName
	}
	if c.CookieAge == 0 {
		c.CookieAge = DefaultCookieAge
	}
	switch strings.ToLower(c.CookieSameSite) {
	case "":
		c.CookieSameSite = "Lax"
	case "omit":
		c.CookieSameSite = ""
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// Config returns the configuration with its defaults filled in; a
// CookieSameSite of "omit" is now empty, and CookiePath is as it was given.
func (e *Engine) Config() Config { return e.config }

// Session returns the session of a request that sent key, or "" where it sent
// none. Nothing is loaded yet, and a key shorter than 8 characters is no key.
func (e *Engine) Session(key string) *Session {
	return &Session{engine: e, key: validKey(key)}
}

// Ping reports whether the store responds, by asking for a session that nobody has. The
// error is that of the store.
func (e *Engine) Ping(ctx context.Context) error {
	if _, err := e.config.Store.Load(ctx, NewKey()); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("sessions: ping: %w", err)
	}
	return nil
}

// ClearExpired removes expired sessions from the store and returns how many;
// 0 from a store in which they end by themselves (Django: clearsessions).
func (e *Engine) ClearExpired(ctx context.Context) (int64, error) {
	c, ok := e.config.Store.(Clearer)
	if !ok {
		return 0, nil
	}
	n, err := c.ClearExpired(ctx)
	if err != nil {
		return n, fmt.Errorf("sessions: clear expired: %w", err)
	}
	return n, nil
}
