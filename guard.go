package coatcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/internal/errorpages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// Guard names what keeps other sites' pages from acting with a visitor's
// cookies.
type Guard string

// The guards. The empty one is GuardDjango where Django made the tables of the
// database, and GuardCrossOrigin where Coatcheck did.
const (
	// GuardCrossOrigin looks at the headers by which browsers tell where a
	// request comes from. Forms need no token, and clients that are no browsers
	// pass. See middleware.CrossOrigin.
	GuardCrossOrigin Guard = "cross-origin"
	// GuardDjango asks for Django's tokens, so that forms rendered by Django are
	// good here, and the other way. See middleware.CSRF.
	GuardDjango Guard = "django"
	// GuardBoth asks for both.
	GuardBoth Guard = "both"
)

type wrapper = func(http.Handler) http.Handler

// wireMiddleware returns the chain: error pages, Locale, Proxy, Hosts, Security, CrossOrigin,
// Sessions, CSRF, Authentication, RemoteUser; of these, those that the configuration asks for.
func (s *Site) wireMiddleware(c *Config) error {
	guard, err := chooseGuard(c)
	if err != nil {
		return err
	}
	proxy := c.Web.Proxy
	proxy.Logger = orLogger(proxy.Logger, c.Site.Logger)
	if proxy.Trusted == nil {
		proxy.Trusted = c.Web.TrustedProxies
	}
	proxy.ScriptName = cmp.Or(proxy.ScriptName, c.Site.ScriptName)
	var chain []wrapper
	for _, part := range []struct {
		wanted bool
		make   func() (wrapper, error)
	}{
		{true, func() (wrapper, error) { return errorpages.Handler(c.Site.Logger, s.showError), nil }},
		{c.Site.Languages != nil, func() (wrapper, error) { return middleware.Locale(c.Site.Languages), nil }},
		{true, func() (wrapper, error) { return middleware.Proxy(proxy) }},
		{c.Web.AllowedHosts != nil, func() (wrapper, error) {
			return middleware.Hosts(middleware.HostsConfig{Allowed: c.Web.AllowedHosts, Logger: c.Site.Logger})
		}},
		{c.Web.Security != nil, func() (wrapper, error) { return secure(c) }},
		{guard != GuardDjango, func() (wrapper, error) { return middleware.CrossOrigin(c.Web.TrustedOrigins...) }},
		{true, func() (wrapper, error) {
			return middleware.Sessions(s.Sessions, middleware.SessionHooks{
				Moving: s.moving, Stored: s.record, Done: s.track,
			}), nil
		}},
		{guard != GuardCrossOrigin, func() (wrapper, error) { return middleware.CSRF(s.csrfConfig(c)) }},
		{true, func() (wrapper, error) { return middleware.Authentication(s.Auth), nil }},
		{c.Web.RemoteUser != nil, func() (wrapper, error) { return s.remoteUser(c) }},
	} {
		if !part.wanted {
			continue
		}
		m, err := part.make()
		if err != nil {
			return err
		}
		chain = append(chain, m)
	}
	s.chain = middleware.Chain(chain...)
	return s.checkCookies(c, guard)
}

// showError shows a refusal in the look of the site.
func (s *Site) showError(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	s.Views.ErrorPage(w, r, status, title, message)
}

// record writes to the index what a request did to its session.
func (s *Site) record(r *http.Request, sent string) error {
	if s.Accounts == nil {
		return nil
	}
	return s.Accounts.Record(r, sent)
}

// moving has the index ready for a session that is about to get another key.
func (s *Site) moving(ctx context.Context, key sessions.Key) {
	if s.Accounts != nil {
		s.Accounts.BeforeMove(ctx, string(key))
	}
}

// track writes to the index that a session was used.
func (s *Site) track(r *http.Request, sent string) {
	if s.Accounts != nil {
		s.Accounts.Track(r, sent)
	}
}

// remoteUser fills in what the site knows.
func (s *Site) remoteUser(c *Config) (wrapper, error) {
	config := *c.Web.RemoteUser
	if config.Trusted == nil {
		config.Trusted = c.Web.TrustedProxies
	}
	return middleware.RemoteUser(s.Auth, config)
}

// secure refuses to redirect visitors to an arbitrary host of theirs.
func secure(c *Config) (wrapper, error) {
	if c.Web.Security.SSLRedirect && c.Web.Security.SSLHost == "" && c.Web.AllowedHosts == nil {
		return nil, errors.New("coatcheck: Config.Web.Security.SSLRedirect leads to the host that the request names; " +
			"set Config.Web.AllowedHosts, or Security.SSLHost")
	}
	return middleware.Security(*c.Web.Security)
}

// csrfConfig fills in what the site knows.
func (s *Site) csrfConfig(c *Config) middleware.CSRFConfig {
	config := c.Web.CSRF
	config.Logger = orLogger(config.Logger, c.Site.Logger)
	if config.TrustedOrigins == nil {
		config.TrustedOrigins = c.Web.TrustedOrigins
	}
	if config.SessionCookieDomain == "" {
		config.SessionCookieDomain = c.Sessions.CookieDomain
	}
	if config.UseSessions && c.Sessions.CookieSecure {
		config.CookieSecure = true
	}
	exempt := config.Exempt
	config.Exempt = func(r *http.Request) bool { return exempt != nil && exempt(r) || s.Views.NoToken(r) }
	if config.Failure == nil {
		config.Failure = func(w http.ResponseWriter, r *http.Request, f middleware.CSRFFailure) { s.Views.CSRFFailure(w, r, f) }
	}
	return config
}

func orLogger(own, site *slog.Logger) *slog.Logger {
	if own != nil {
		return own
	}
	return site
}

// chooseGuard is Config.Web.Guard, or the default for the database.
func chooseGuard(c *Config) (Guard, error) {
	switch c.Web.Guard {
	case GuardCrossOrigin, GuardDjango, GuardBoth:
		return c.Web.Guard, nil
	case "":
	default:
		return "", fmt.Errorf("coatcheck: Config.Web.Guard is %q; it must be %q, %q or %q",
			c.Web.Guard, GuardCrossOrigin, GuardDjango, GuardBoth)
	}
	ours, err := c.Database.Facts().MadeHere()
	switch {
	case err != nil:
		return "", fmt.Errorf("coatcheck: find out who made the tables, to choose a guard (or set Config.Web.Guard): %w", err)
	case ours:
		return GuardCrossOrigin, nil
	}
	return GuardDjango, nil
}
