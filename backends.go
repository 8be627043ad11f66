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
	case len(c.BackendPaths) > 0 && c.Backends != nil:
		return errors.New("coatcheck: Config.Backends and Config.BackendPaths are both set; set one of them")
	case len(c.BackendPaths) > 0:
		return c.nameBackends(passwords)
	case c.RemoteUser != nil && c.Backends == nil:
		c.Backends = []auth.Backend{
			&backends.RemoteUser{Users: c.Database}, &auth.ModelBackend{Users: c.Database, Passwords: passwords, Logger: c.Logger},
		}
	}
	return nil
}

// nameBackends returns the backends of BackendPaths.
func (c *Config) nameBackends(passwords *password.Hashers) error {
	if c.RemoteUser != nil && !slices.ContainsFunc(c.BackendPaths, func(path string) bool {
		return path == backends.RemoteUserName || path == backends.AllowAllRemoteUserName
	}) {
		return fmt.Errorf("coatcheck: remote users are signed in by %s, which is not in Config.BackendPaths (--authentication-backend), "+
			"so the Django site would not accept their sessions; add it, there too, or set no header for remote users", backends.RemoteUserName)
	}
	backends, assumed, err := backends.Named(c.BackendPaths, c.Database, passwords, c.RemoteUser != nil, c.Logger)
	if err != nil {
		return fmt.Errorf("coatcheck: Config.BackendPaths (--authentication-backend): %w", err)
	}
	if assumed != "" {
		c.Logger.Warn("no backend of Django's that checks passwords is listed, so a login here checks the password in the database "+
			"and is stored under the first other path; list the one first that accepts such logins (--authentication-backend)", "backend", assumed)
	}
	c.Backends = backends
	return nil
}
