package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/internal/seal"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// Options are the settings of what people do with their accounts.
type Options struct {
	// Mail sends; nil means that no email is sent, and what needs one is not offered.
	Mail mail.Sender
	// DeleteClosed deletes the row of an account that its user closes. Otherwise, and
	// where rows of other tables refer to it, it is made inactive, as Django recommends.
	DeleteClosed bool
	// AuditAge is how long the audit log keeps what happened to accounts; 180 days when zero.
	// AuditOff records nothing, and shows and removes nothing.
	AuditAge time.Duration
	AuditOff bool
	// Templates has files that replace those of the emails; see MailTemplates. Files whose
	// name begins with a dot are left out.
	Templates fs.FS
	// SignupTimeout is how long the link holds that confirms a new account, and
	// EmailTimeout that of a new address; three days when zero, as links that reset
	// passwords. InvitationTimeout is two weeks when zero, NoticeTimeout, of the
	// link "this wasn't me", one week.
	SignupTimeout, EmailTimeout, InvitationTimeout, NoticeTimeout time.Duration
}

// Config specifies with what accounts work. Database, Auth, Sessions and Keys are
// required.
type Config struct {
	Options
	// Database has Coatcheck's own tables; New returns an [own.MissingError] if one that
	// accounts need is not there.
	Database *database.DB
	Auth     *auth.Service
	Sessions *sessions.Engine
	// Keys seal what waits in the database to be sent, and read sessions.
	Keys signing.Keys
	// BaseURL is where the site is, "https://www.example.com", for the links in
	// emails. It is required with [Options.Mail], and never taken from a request: a client that sends
	// a request could choose where the links of others lead.
	BaseURL string
	// LoginURL is safeurl.LoginURL when empty; a path below BaseURL. Django: LOGIN_URL.
	LoginURL string
	// SiteName is how emails call the site; "Coatcheck" when empty.
	SiteName string
	// Brand is the logo, the colours and the link to where users get help; nil means ours. It
	// is made of the fields of coatcheck.SiteOptions.
	Brand *brand.Brand
	// Languages are the catalogues for emails; nil means i18n.Default().
	Languages *i18n.Catalogues
	// Logger is slog.Default() when nil. It never gets a secret.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "accounts.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Service does what people want of their accounts. It is safe for concurrent use.
type Service struct {
	db       *database.DB
	own      *own.Store
	auth     *auth.Service
	sessions *sessions.Engine
	codec    *sessions.Codec
	config   Config
	mails    *mailTemplates
	log      *slog.Logger
	now      func() time.Time

	locators *seal.Box
	jobs     *seal.Box
	links    *seal.Box
	waiting  *seal.Box // challenges of passkeys
	bindings *signing.Signer
	recent   *recent
	wake     *bell       // rings when an email was queued
	taking   *sync.Mutex // held while a sender takes an email
	stuck    *sync.Once  // warns of a database that is read-only

	sightings *sightings
	walks     bool   // there is a table for the place of the walk that adopts sessions
	node      string // what this one is called where nodes take turns

	onAdopted func(sessions int) // for tests: is called in the walk

	unfinished *unfinished // endings whose walk Run goes on with
}

// tx does f in one transaction.
func (s *Service) tx(ctx context.Context, f func(ctx context.Context, tx *Service) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, db *database.DB) error { return f(ctx, s.in(db)) })
}

// in returns a service that works in a transaction.
func (s *Service) in(tx *database.DB) *Service {
	joined := *s
	joined.db = tx
	return &joined
}

// Tables returns the names of the tables that accounts need of Coatcheck's own.
func Tables() []string {
	return []string{own.SessionTable, own.LinkTable, own.EmailTable, own.NoticeTable, own.EndingTable}
}

// Defaults of Config.
const (
	defaultLinkTimeout       = 3 * 24 * time.Hour
	defaultInvitationTimeout = 14 * 24 * time.Hour
	defaultNoticeTimeout     = 7 * 24 * time.Hour
)

// New checks the configuration and makes a Service. It starts nothing: see Run.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Service{
		db: c.Database, own: own.New(c.Database), auth: c.Auth, sessions: c.Sessions, config: c, log: c.Logger, now: time.Now,
		recent: newRecent(maxSeen), sightings: newSightings(), node: rand.Text(),
		unfinished: &unfinished{}, wake: &bell{}, taking: &sync.Mutex{}, stuck: &sync.Once{},
	}
	var err error
	if s.codec, err = sessions.NewCodec(sessions.CodecConfig{
		Keys:       c.Keys,
		Serializer: c.Sessions.Config().Serializer,
	}); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	for _, box := range []struct {
		of      **seal.Box
		purpose string
	}{{&s.locators, "session locator"}, {&s.jobs, "mail"}, {&s.links, "link"}, {&s.waiting, "challenge"}} {
		if *box.of, err = seal.New(box.purpose, c.Keys.Secret, c.Keys.Fallbacks...); err != nil {
			return nil, fmt.Errorf("accounts: %w", err)
		}
	}
	if s.bindings, err = signing.New(signing.Config{
		Key: c.Keys.Secret, FallbackKeys: c.Keys.Fallbacks, Salt: bindingSalt,
	}); err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	if s.mails, err = readMails(c.Templates, c.Brand); err != nil {
		return nil, err
	}
	s.config.Keys = signing.Keys{} // they are used up
	s.db.BeforeClose(s.closeIndex)
	s.lookForWalks()
	return s, nil
}

// String hides what is inside.
func (s *Service) String() string { return "accounts.Service{…}" }

// GoString is String.
func (s *Service) GoString() string { return s.String() }

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	switch {
	case c.Database == nil || c.Auth == nil || c.Sessions == nil:
		return errors.New("accounts: Config.Database, Auth and Sessions must be set")
	case c.Keys.Secret == "":
		return errors.New("accounts: no secret key given; set Config.Keys")
	case c.Mail != nil && c.BaseURL == "":
		return errors.New("accounts: emails need to know where the site is; set Config.BaseURL, for instance to https://www.example.com")
	}
	if err := own.Missing(c.Database, Tables()...); err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return fmt.Errorf("accounts: Config.BaseURL is %q; write it as https://www.example.com", c.BaseURL)
		}
		c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	}
	c.fillIn()
	return c.checkTimeouts()
}

// fillIn sets the defaults.
func (c *Config) fillIn() {
	if c.SiteName == "" {
		c.SiteName = "Coatcheck"
	}
	if c.Brand == nil {
		c.Brand = brand.Ours()
	}
	if c.LoginURL == "" {
		c.LoginURL = safeurl.LoginURL
	}
	if c.Languages == nil {
		c.Languages = i18n.Default()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// checkTimeouts sets the defaults of the timeouts, and refuses negative ones.
func (c *Config) checkTimeouts() error {
	for _, timeout := range []struct {
		of       *time.Duration
		fallback time.Duration
	}{
		{&c.SignupTimeout, defaultLinkTimeout},
		{&c.EmailTimeout, defaultLinkTimeout},
		{&c.InvitationTimeout, defaultInvitationTimeout},
		{&c.NoticeTimeout, defaultNoticeTimeout},
	} {
		if *timeout.of < 0 {
			return errors.New("accounts: a timeout of links is negative; leave it zero for the default")
		}
		if *timeout.of == 0 {
			*timeout.of = timeout.fallback
		}
	}
	return nil
}

// SendsMail reports whether there is a way to send emails.
func (s *Service) SendsMail() bool { return s.config.Mail != nil }

// EndsSessions reports whether sessions can be listed and ended: those of the engine
// signed_cookies cannot.
func (s *Service) EndsSessions() bool {
	_, irrevocable := s.sessions.Config().Store.(sessions.Irrevocable)
	return !irrevocable
}
