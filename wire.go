package coatcheck

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/memory"
	"github.com/coatcheck/coatcheck/views"
)

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

// wireBrand checks the logo, the accent colour and the link to where visitors get help.
func (s *Site) wireBrand(c *Config) (err error) {
	s.brand, err = brand.New(brand.Settings{Accent: c.Site.Accent, Logo: c.Site.Logo, Support: c.Site.Support})
	if err != nil {
		return fmt.Errorf("coatcheck: %w", err)
	}
	return nil
}

func (s *Site) wireSessions(c *Config) error {
	if c.Sessions.Logger == nil {
		c.Sessions.Logger = c.Site.Logger
	}
	if c.Sessions.Store == nil {
		codec, err := sessions.NewCodec(sessions.CodecConfig{
			Keys: c.Keys, Serializer: c.Sessions.Serializer,
		})
		if err != nil {
			return err
		}
		c.Sessions.Store = dbstore.New(c.Database, codec)
	}
	if err := s.wireMemory(c); err != nil {
		return err
	}
	var err error
	s.Sessions, err = sessions.New(c.Sessions)
	return err
}

// wireMemory puts a memory between sessions and their store.
func (s *Site) wireMemory(c *Config) (err error) {
	if c.Sessions.Memory == 0 {
		return nil
	}
	s.Memory, err = memory.New(memory.Config{
		Store: c.Sessions.Store, Database: c.Database, Bytes: c.Sessions.Memory, Logger: c.Site.Logger,
	})
	if err != nil {
		return fmt.Errorf("coatcheck: Config.Sessions.Memory (--session-memory): %w", err)
	}
	c.Sessions.Between = func(sessions.Store) sessions.Store { return s.Memory }
	return nil
}

// hooks are those of the program, and at each login the notice about a new device.
func (s *Site) hooks(c *Config) hooks.Hooks {
	all := c.Logins.Hooks
	all.LoggedIn = slices.Concat(all.LoggedIn, hooks.List{{After: func(ctx context.Context, e *hooks.Event) {
		if s.Accounts != nil {
			s.Accounts.NoticeLogin(ctx, e)
		}
	}}})
	return all
}

// wireTwoFactor returns the second factors where the database has their tables. A site that
// requires one has to have them.
func (s *Site) wireTwoFactor(c *Config) (err error) {
	s.TwoFactor, err = twofactor.New(twofactor.Config{
		Options: c.Logins.TwoFactor, Database: c.Database, Keys: c.Keys, Issuer: c.Site.Name,
		Logger: c.Site.Logger,
	})
	asks := c.Logins.TwoFactor.Asks()
	if missing := (*own.MissingError)(nil); errors.As(err, &missing) && !asks {
		s.log.Warn("nobody is asked for a second factor", "error", missing)
		return nil
	}
	if err == nil && !s.TwoFactor.Stores() {
		s.has("users cannot add an authenticator app", own.TOTPTable, own.RecoveryTable)
	}
	if err == nil {
		c.Logins.Factors = slices.Concat(s.TwoFactor.Factors(), c.Logins.Factors)
	}
	return err
}

func (s *Site) wireAuth(c *Config) error {
	passwords, err := password.New(c.Passwords.Hashing)
	if err != nil {
		return err
	}
	if err := passwords.SelfTest(); err != nil {
		s.log.Warn("passwords are hashed by the standard library, in twice the time", "error", err)
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
	if err := s.wireAudit(c); err != nil {
		return err
	}
	s.has("two users who sign up at the same moment can get one name in two spellings", own.LockTable)
	s.Auth, err = auth.New(auth.Config{
		Users: c.Database, Keys: c.Keys, Logger: c.Site.Logger, TimeZone: c.Site.TimeZone,
		Passwords: passwords, Validators: c.Passwords.Validators,
		PasswordResetTimeout: c.Passwords.ResetTimeout, SessionMaxAge: c.Logins.MaxAge, Endings: endings,
		Backends: c.Logins.Backends, LoginBy: c.Logins.By, LoginConditions: c.Logins.Conditions,
		Factors: c.Logins.Factors, Hooks: s.hooks(c), Throttle: limits, Audit: s.audit,
	})
	return err
}

// wireAudit opens the audit log, where the database has its table.
func (s *Site) wireAudit(c *Config) (err error) {
	if c.Accounts.AuditOff || !s.has("what happens to accounts is not recorded", own.AuditTable) {
		return nil
	}
	s.audit, err = audit.New(audit.Config{
		Database: c.Database, Keys: c.Keys, Age: c.Accounts.AuditAge, Logger: c.Site.Logger,
	})
	return err
}

// wireAccounts returns the accounts where the database has their tables.
func (s *Site) wireAccounts(c *Config) error {
	base, err := baseURL(c.Site.BaseURL, c.Site.ScriptName)
	if err != nil {
		return err
	}
	s.Accounts, err = accounts.New(accounts.Config{
		Options: c.Accounts, Database: c.Database, Auth: s.Auth, Sessions: s.Sessions, Keys: c.Keys,
		BaseURL: base, LoginURL: strings.TrimPrefix(c.Site.LoginURL, c.Site.ScriptName),
		SiteName: c.Site.Name, Brand: s.brand, Languages: c.Site.Languages, Logger: c.Site.Logger,
	})
	if missing := (*own.MissingError)(nil); errors.As(err, &missing) {
		c.Site.Logger.Warn("there is no list of sessions and no email", "error", missing)
		return nil
	}
	return err
}

func (s *Site) wireMessages(c *Config) error {
	cookie := s.Sessions.Config()
	service, err := messages.New(messages.Config{
		Options: c.Web.Messages, Keys: c.Keys, Logger: c.Site.Logger,
		CookieDomain: cookie.CookieDomain, CookieSameSite: cookie.CookieSameSite,
		CookieSecure: cookie.CookieSecure, CookieScriptAccess: cookie.CookieScriptAccess,
	})
	if err != nil {
		return err
	}
	s.messages, s.notices = middleware.Messages(service), service
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
		return "", fmt.Errorf("coatcheck: Config.Site.BaseURL (--base-url) is %q, and ScriptName "+
			"(--script-name) %q; "+
			"name the same path, or the host alone", base, scriptName)
	}
	u.Path = scriptName
	return u.String(), nil
}

func (s *Site) wireViews(c *Config) error {
	var err error
	s.Views, err = views.New(views.Config{
		Options: c.Views, Auth: s.Auth, Accounts: s.Accounts, TwoFactor: s.TwoFactor, Keys: c.Keys,
		Messages: s.notices, SiteName: c.Site.Name, Brand: s.brand, LoginURL: c.Site.LoginURL,
		Languages: c.Site.Languages,
		Logger:    c.Site.Logger,
	})
	return err
}

func (s *Site) wireAccess(c *Config) error {
	var err error
	config := access.Config{Auth: s.Auth, LoginURL: c.Site.LoginURL}
	if c.Site.LoginURL == "" { // the account pages are those of Views
		config.ConfirmURL = below(c, safeurl.ConfirmURL)
	}
	s.Access, err = access.New(config)
	return err
}
