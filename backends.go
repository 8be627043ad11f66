package coatcheck

import (
	"errors"
	"fmt"
	"slices"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/backends"
	"github.com/coatcheck/coatcheck/password"
)

// chooseBackends fills in Backends, by BackendPaths or RemoteUser.
func (c *Config) chooseBackends(passwords *password.Hashers) error {
	switch {
	case len(c.Logins.BackendPaths) > 0 && c.Logins.Backends != nil:
		return errors.New("coatcheck: Config.Logins.Backends and Config.Logins.BackendPaths are both set; " +
			"set one of them")
	case len(c.Logins.BackendPaths) > 0:
		return c.nameBackends(passwords)
	case c.Web.RemoteUser != nil && c.Logins.Backends == nil:
		c.Logins.Backends = []auth.Backend{
			&backends.RemoteUser{Users: c.Database},
			&auth.ModelBackend{Users: c.Database, Passwords: passwords, Logger: c.Site.Logger},
		}
	}
	return nil
}

// nameBackends returns the backends of BackendPaths.
func (c *Config) nameBackends(passwords *password.Hashers) error {
	if c.Web.RemoteUser != nil && !slices.ContainsFunc(c.Logins.BackendPaths, func(path string) bool {
		return path == backends.RemoteUserName || path == backends.AllowAllRemoteUserName
	}) {
		return fmt.Errorf("coatcheck: remote users are signed in by %s, which is not in "+
			"Config.Logins.BackendPaths (--authentication-backend), so the Django site would not accept "+
			"their sessions; add it, there too, or set no header for remote users", backends.RemoteUserName)
	}
	remote := c.Web.RemoteUser != nil
	backends, assumed, err := backends.Named(c.Logins.BackendPaths, c.Database, passwords, remote, c.Site.Logger)
	if err != nil {
		return fmt.Errorf("coatcheck: Config.Logins.BackendPaths (--authentication-backend): %w", err)
	}
	if assumed != "" {
		c.Site.Logger.Warn("no backend of Django's that checks passwords is listed, so a login here checks the "+
			"password in the database and is stored under the first other path; list the one first that "+
			"accepts such logins (--authentication-backend)", "backend", assumed)
	}
	c.Logins.Backends = backends
	return nil
}
