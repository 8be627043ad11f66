package coatcheck

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// A siteCookie is a cookie of the settings.
type siteCookie struct {
	title    string
	settings string // where it is set, for errors
	httptext.SetCookie
}

// checkCookies refuses settings whose cookies no browser would send back to the account
// pages: every login would succeed, and nobody would be signed in.
func (s *Site) checkCookies(c *Config, guard Guard) error {
	own := s.Sessions.Config()
	cookies := []siteCookie{{"session", "Config.Sessions.Cookie… (--session-cookie-…)", httptext.SetCookie{
		Name: own.CookieName, Value: sessions.NewKey(), Path: s.cookiePath, Domain: own.CookieDomain,
		Secure: own.CookieSecure, HttpOnly: !own.CookieScriptAccess, SameSite: own.CookieSameSite,
	}}}
	if guard != GuardCrossOrigin {
		cookies = append(cookies, csrfCookie(c, s.csrfConfig(c)))
	}
	cookies = append(cookies, languageCookie(c))
	names := map[string]string{attempts.DeviceCookieName: "device", messages.CookieName: "messages"}
	for _, cookie := range cookies {
		if other := names[cookie.Name]; other != "" {
			return cookie.wrong(fmt.Errorf("its name %s is that of the %s cookie", cookie.Name, other))
		}
		names[cookie.Name] = cookie.title
		if err := cookie.reaches(below(c, safeurl.LoginURL), c.Web.AllowedHosts); err != nil {
			return cookie.wrong(err)
		}
	}
	return nil
}

// languageCookie is the cookie of the language that a visitor chose.
func languageCookie(site *Config) siteCookie {
	languages := site.Site.Languages
	if languages == nil {
		languages = i18n.Default()
	}
	c := languages.Cookie()
	return siteCookie{"language", "i18n.Config.Cookie (--language-cookie-…)", httptext.SetCookie{
		Name: c.Name, Value: i18n.English, Path: cmp.Or(c.Path, below(site, "/")), Domain: c.Domain,
		Secure: c.Secure, HttpOnly: c.HTTPOnly, SameSite: c.SameSite,
	}}
}

// csrfCookie is the cookie of the tokens.
func csrfCookie(site *Config, c middleware.CSRFConfig) siteCookie {
	domain := c.CookieDomain
	if c.UseSessions {
		domain = c.SessionCookieDomain
	}
	sameSite := c.CookieSameSite
	if strings.EqualFold(sameSite, "omit") {
		sameSite = ""
	}
	return siteCookie{"CSRF", "Config.Web.CSRF.Cookie… (--csrf-cookie-…)", httptext.SetCookie{
		Name: cmp.Or(c.CookieName, middleware.DefaultCSRFCookieName), Path: cmp.Or(c.CookiePath, below(site, "/")), Domain: domain,
		Secure: c.CookieSecure, HttpOnly: c.CookieHTTPOnly || c.UseSessions, SameSite: sameSite,
	}}
}

// reaches reports why browsers would not send the cookie to the account pages, if there
// is a reason.
func (c *siteCookie) reaches(page string, hosts []string) error {
	if err := c.Refused(); err != nil {
		return err
	}
	if !httptext.PathMatches(page, c.Path) {
		return fmt.Errorf("its path %s does not lead to the account pages, %s; / leads everywhere", c.Path, page)
	}
	for _, host := range hosts {
		domain, below := strings.CutPrefix(host, ".")
		if host == "*" || httptext.DomainMatches(domain, c.Domain) || below && httptext.DomainMatches(c.Domain, domain) {
			return nil
		}
	}
	if len(hosts) > 0 {
		return fmt.Errorf("its domain %s is that of none of the allowed hosts: %s", c.Domain, strings.Join(hosts, ", "))
	}
	return nil
}

// below is a path of the site as clients know it.
func below(c *Config, path string) string {
	return strings.TrimSuffix(cmp.Or(c.Web.Proxy.ScriptName, c.Site.ScriptName), "/") + path
}

func (c *siteCookie) wrong(err error) error {
	return fmt.Errorf("coatcheck: browsers would not send the %s cookie back: %w. See %s", c.title, err, c.settings)
}
