package pages

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/safeurl"
)

// checkTargets refuses addresses that cannot be redirected to.
func (c *Config) checkTargets() error {
	for name, target := range map[string]string{
		"LoginURL": c.LoginURL, "LoginRedirectURL": c.LoginRedirectURL,
		"LogoutRedirectURL": c.LogoutRedirectURL,
	} {
		u, err := url.Parse(target)
		if err == nil && target != "" {
			_, err = safeurl.LoginRedirect("/", target, safeurl.RedirectFieldName)
		}
		if err != nil {
			return fmt.Errorf("views: Config.%s: %w", name, err)
		}
		if u.Host != "" && !IsHost(u.Host) {
			return fmt.Errorf("views: Config.%s is %q; write its host in ASCII, an international name in "+
				"its xn-- form", name, target)
		}
	}
	for _, host := range c.AllowedRedirectHosts {
		if !IsHost(host) {
			return fmt.Errorf("views: Config.AllowedRedirectHosts has %q; it must be a host name, perhaps "+
				"with a port, such as %q",
				host, "app.example:8443")
		}
	}
	return nil
}

// formTargets are the origins to which a form may lead by a redirect, for the
// directive form-action, which browsers apply to redirects too.
func (c *Config) formTargets() string {
	var b strings.Builder
	b.WriteString("'self'")
	for _, host := range c.AllowedRedirectHosts {
		b.WriteString(" https://" + host + " http://" + host)
	}
	for _, target := range [...]string{c.LoginURL, c.LoginRedirectURL, c.LogoutRedirectURL} {
		u, err := url.Parse(target)
		if err != nil || !IsHost(u.Host) {
			continue
		}
		if u.Scheme == "http" || u.Scheme == "" {
			b.WriteString(" http://" + u.Host)
		}
		b.WriteString(" https://" + u.Host)
	}
	return b.String()
}
