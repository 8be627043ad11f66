package pages

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/internal/seal"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/userfields"
)

// Path is where the account pages are: Django's usual include of its URLs.
const Path = "/accounts/"

// Config specifies how pages look and where they lead. Only Auth is required.
type Config struct {
	// Auth finds, makes and signs in users.
	Auth *auth.Service
	// Languages are the catalogues of the pages; nil means i18n.Default().
	Languages *i18n.Catalogues
	// SiteName is shown on every page; "Coatcheck" when empty.
	SiteName string
	// Brand is the logo, the colours and the link to where visitors get help; nil means ours.
	// It is made of the fields of coatcheck.SiteOptions.
	Brand *brand.Brand
	// LoginURL is safeurl.LoginURL of this site when empty; a path, which gets no script
	// name in front, or a URL of another host. Django: LOGIN_URL.
	LoginURL string
	// LoginRedirectURL is where a login leads that was not asked for by another
	// page; safeurl.LoginRedirectURL of this site when empty. Django: LOGIN_REDIRECT_URL.
	LoginRedirectURL string
	// LogoutRedirectURL is where a logout leads; when empty it shows a page that
	// says so. Django: LOGOUT_REDIRECT_URL.
	LogoutRedirectURL string
	// AllowedRedirectHosts are hosts, with the port if it is not the usual one,
	// to which "next" may lead besides this one. Django: success_url_allowed_hosts.
	AllowedRedirectHosts []string
	// RedirectAuthenticatedUser sends browsers that are signed in away from the
	// pages for logging in and signing up. It lets other sites find out whether
	// a visitor is signed in. Django: redirect_authenticated_user.
	RedirectAuthenticatedUser bool
	// HideSignup leaves out the links to the sign-up page.
	HideSignup bool
	// SendsEmail means that the site sends email, so that addresses must be such that a
	// mailer accepts them.
	SendsEmail bool
	// Validate judges the password of a new user, of whom the typed fields are known.
	// It returns validate.Errors, whose messages are shown to the user, or any other
	// error for a failure. Nil means Auth.ValidatePassword.
	Validate func(ctx context.Context, password string, user *auth.User) error
	// Keys sign what a page leaves for the next one. Without any, the login page does not know
	// who has signed up, nor other pages where an email went.
	Keys signing.Keys
	// Messages keeps notices for the next page, such as that a password was changed. Nil means
	// those of a middleware around the pages, if any.
	Messages *messages.Service
	// DocsPath is where the program serves Coatcheck's documentation, "/docs/" for instance, so
	// that links lead there. Empty means the documentation in the repository.
	DocsPath string
	// RecentProof is how old the last proof of who a user is may be for pages that Recent wraps:
	// a login, or what they confirmed since. It is five minutes when zero; when negative those
	// pages ask for none.
	RecentProof time.Duration
	// Logger is told of pages that could not be made; slog.Default() when nil.
	Logger *slog.Logger
	// Templates has files that replace those of the same name, and pages of the program's
	// own. Nil means ours alone.
	Templates fs.FS
}

// Kit renders pages: the layout, the visitor's language, forms, and responses in HTML or
// JSON. It is safe for concurrent use once Mount has returned.
type Kit struct {
	config    Config
	base      *template.Template // of which each page is a copy; it is never executed
	templates map[string]*template.Template
	notes     *signing.TimestampSigner // nil for none
	kept      *seal.Box                // of forms that wait for a proof; nil for none
	style     static
	script    static
	logo      logo
	files     []static // that AddFile added
	signIns   []signIn // that AddSignIn added
	languages []Language
	security  [][2]string // headers of every response
	mux       *http.ServeMux
	routes    []Route
	urls      map[string]string // the patterns of the routes by name
	fields    []userfields.Field
}

// Feature is a part of the account pages: a folder with its pages and their templates.
type Feature interface {
	// Routes are its addresses, below Path.
	Routes() []Route
	// Files are its pages, *.html, scripts, *.js, which are appended to that of all pages, and,
	// in OpenAPIFile, what its addresses say in JSON; nil for none.
	Files() fs.FS
}

// OpenAPIFile is the file of a feature with its paths, an OpenAPI Paths Object. It may refer
// to the components of the document that the package views serves.
const OpenAPIFile = "openapi.json"

// New checks the configuration and returns a Kit without any page: see Mount.
func New(c Config) (*Kit, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	notes, err := newNotes(c.Keys)
	if err != nil {
		return nil, err
	}
	kept, err := newKept(c.Keys)
	if err != nil {
		return nil, err
	}
	c.Keys = signing.Keys{} // which the signer has, and does not print
	return &Kit{
		notes: notes, kept: kept, config: c, mux: http.NewServeMux(), urls: map[string]string{},
		languages: nameLanguages(c.Languages),
		fields:    c.Auth.UserFields(),
		logo:      newLogo(c.Brand),
		security: [][2]string{
			{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src " +
				"'self' data:; connect-src 'self'; form-action " +
				c.formTargets() + "; base-uri 'none'; frame-ancestors 'none'"},
			{"Cross-Origin-Opener-Policy", "same-origin"},
			{"Referrer-Policy", "same-origin"},
			{"X-Content-Type-Options", "nosniff"},
			{"X-Frame-Options", "DENY"},
		},
	}, nil
}

// Mount reads the templates and mounts the routes of features. It is called once.
func (k *Kit) Mount(features ...Feature) error {
	folders := []fs.FS{Templates()}
	for _, f := range features {
		if of := f.Files(); of != nil {
			folders = append(folders, of)
		}
		k.routes = append(k.routes, f.Routes()...)
	}
	k.routes = append(k.routes, k.languagePage())
	if err := k.readTemplates(folders, k.config.Templates); err != nil {
		return err
	}
	k.mount()
	return nil
}

// Auth is that of the configuration.
func (k *Kit) Auth() *auth.Service { return k.config.Auth }

// Logger is that of the configuration.
func (k *Kit) Logger() *slog.Logger { return k.config.Logger }

// SiteName is that of the configuration.
func (k *Kit) SiteName() string { return k.config.SiteName }

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.Auth == nil {
		return errors.New("views: no auth service given; set Config.Auth")
	}
	if c.Validate == nil {
		c.Validate = c.Auth.ValidatePassword
	}
	if c.Languages == nil {
		c.Languages = i18n.Default()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.SiteName == "" {
		c.SiteName = "Coatcheck"
	}
	if c.Brand == nil {
		c.Brand = brand.Ours()
	}
	switch {
	case c.RecentProof == 0:
		c.RecentProof = defaultRecentProof
	case c.RecentProof > 0 && c.RecentProof < time.Second:
		return fmt.Errorf("views: Config.RecentProof (--recent-proof) is %v; it needs a second at least",
			c.RecentProof)
	}
	return c.checkTargets()
}
