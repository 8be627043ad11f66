package coatcheck

import (
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

// Config describes a site. Database and Keys.Secret are required; zero fields mean Django's
// defaults.
type Config struct {
	// Database contains users and sessions; see sqlite.Open, postgres.Open and
	// mysql.Open.
	Database *database.DB
	// Keys sign sessions and links. Keep them secret, and the same on every node and in
	// Django. Keys.Secret must have MinSecretKey characters at least.
	Keys Keys
	// Site is what all layers know of the site: its name, where it is, its languages.
	Site SiteOptions
	// Sessions has the SESSION_… settings. Its Store is the database when nil.
	Sessions sessions.Config
	// Passwords configures how passwords are hashed, and which are good.
	Passwords PasswordOptions
	// Logins configures who may log in, how, and what happens then.
	Logins LoginOptions
	// Web configures which requests are believed, and what responses tell browsers.
	Web WebOptions
	// Accounts has the settings of what people do with their accounts beyond signing in
	// and out; set its sender, and Site.BaseURL, to send emails.
	Accounts accounts.Options
	// Views has the settings of the account pages.
	Views views.Options
}

// String hides the keys.
func (c Config) String() string { return "coatcheck.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Keys are the secret keys of a site, which do not print.
type Keys = signing.Keys

// SiteOptions are what all layers know of a site.
type SiteOptions struct {
	// Name is shown on every page and in emails; "Coatcheck" when empty.
	Name string
	// Logo is the contents of a file, SVG, PNG or WebP, of 100 kB at most: the picture at the
	// top of each page, in place of the ticket. New refuses drawings with scripts and with
	// references to other files. Nil means none. See docs/brand.md.
	Logo []byte
	// Accent is the colour of links and buttons, "#14655d"; ours when empty. New refuses one that
	// could not be read as text on the light background of the pages, 4.5:1 (WCAG 2, 1.4.3), with
	// the nearest shade that can. Browsers in dark mode get a lighter shade of it.
	Accent string
	// Support is where visitors get help, "https://shop.example/help/" or
	// "mailto:help@shop.example": a link in the foot of each page and email. Empty means none.
	Support string
	// BaseURL is where the site is, "https://www.example.com", for the links in emails,
	// for which it is required. It is never taken from a request: a client that sends
	// one could choose where the links of others lead.
	BaseURL string
	// ScriptName is the path below which a proxy mounts the site, "/auth" for instance.
	// It goes before every address that the site makes, in pages, redirects and emails,
	// and is the path of the cookies where the settings name none. Requests may come with
	// it or without it. Django: FORCE_SCRIPT_NAME.
	ScriptName string
	// LoginURL is "/accounts/login/" of this site when empty. Another path gets no
	// ScriptName in front. Django: LOGIN_URL.
	LoginURL string
	// Languages are the catalogues of pages and emails; nil means i18n.Default().
	Languages *i18n.Catalogues
	// TimeZone is Django's TIME_ZONE, by which reset tokens are stamped. Nil means
	// the zone of Database, which is UTC unless its Location says otherwise.
	TimeZone *time.Location
	// Logger is that of all layers; slog.Default() when nil. It never gets a secret.
	Logger *slog.Logger
}

// PasswordOptions say how passwords are hashed, and which are good.
type PasswordOptions struct {
	// Hashing has the PASSWORD_HASHERS setting and the limits of hashing.
	Hashing password.Config
	// Validators judge new passwords. Nil means the four of a new Django project,
	// validate.Default; to take every password, give an empty list that is not nil.
	// Django: AUTH_PASSWORD_VALIDATORS.
	Validators []validate.Validator
	// ResetTimeout is how long a link holds that resets a password; three days when zero.
	// Django: PASSWORD_RESET_TIMEOUT.
	ResetTimeout time.Duration
}

// LoginOptions say who may log in, how, and what happens then.
type LoginOptions struct {
	// By is what users type to log in; identity.ByUsername when empty.
	By identity.LoginBy
	// Backends are the AUTHENTICATION_BACKENDS; nil means a ModelBackend, and
	// before it a backends.RemoteUser where Web.RemoteUser is set.
	Backends []auth.Backend
	// BackendPaths are the backends of the Django site beside this one, as in
	// backends.Named, so that a session is accepted by whichever of them its user
	// signed in. It excludes Backends. Django: AUTHENTICATION_BACKENDS.
	BackendPaths []string
	// Conditions keep users from logging in here of whom the Django site asks for more
	// than a password. Give them to DB.CheckLoginConditions at the start: a table that is not
	// there lets nobody in.
	Conditions []database.LoginCondition
	// Factors are steps that a login may need after the password, in order. The codes of
	// TwoFactor come before them.
	Factors []auth.Factor
	// TwoFactor is who must have a second factor, an authenticator app, and for how long
	// a device is trusted. Every user may add one.
	TwoFactor twofactor.Options
	// Hooks are called when something happens to an account, and may refuse it.
	Hooks hooks.Hooks
	// Throttle bounds how often passwords may be guessed and accounts be made. Its
	// Store is the database when nil, where that has the table, and else the
	// memory of this process. ThrottleOff switches it off.
	Throttle    attempts.Config
	ThrottleOff bool
	// MaxAge is how long after its login a session ends, however much it is used; 0
	// sets no limit.
	MaxAge time.Duration
}

// WebOptions say which requests are believed, and what responses tell browsers.
type WebOptions struct {
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
	// nobody. Trusted is filled in if it is nil, by TrustedProxies.
	// Django: RemoteUserMiddleware.
	RemoteUser *middleware.RemoteUserConfig
	// Messages has the MESSAGE_… settings of Site.Messages.
	Messages messages.Options
}
