package middleware

import (
	"cmp"
	"net/http"
	"sync"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// addCookie adds a Set-Cookie line that names a person, and keeps the response out of
// shared caches.
func addCookie(header http.Header, line string) {
	header.Add("Set-Cookie", line)
	httptext.PatchVary(header, "Cookie")
	httptext.Private(header)
}

// cookiePath is the path of a cookie: what the settings say, or all of the site.
func cookiePath(r *http.Request, set string) string {
	return cmp.Or(set, requestinfo.Below(r, "/"))
}

// lostCookie warns once, at the first session cookie that the browser will not keep.
type lostCookie struct {
	insecure, elsewhere sync.Once
}

// look compares the cookie's settings with the address that the request came to.
func (l *lostCookie) look(r *http.Request, c *sessions.Config) {
	host := requestinfo.Host(r)
	domain, _ := splitHost(host)
	if c.CookieSecure && !requestinfo.Secure(r) {
		l.insecure.Do(func() {
			c.Logger.WarnContext(r.Context(), "the session cookie is for HTTPS alone and this request came by HTTP, so the browser drops it "+
				"and the login is lost; only some browsers keep it on localhost. If a proxy in front speaks HTTPS, name it by "+
				"--trusted-proxy (Config.Web.TrustedProxies) and let it set X-Forwarded-Proto; else leave --session-cookie-secure out",
				"host", logText(host))
		})
	}
	if !httptext.DomainMatches(domain, c.CookieDomain) {
		l.elsewhere.Do(func() {
			c.Logger.WarnContext(r.Context(), "the session cookie is for another domain than this request's host, so the browser drops it "+
				"and the login is lost. Correct --session-cookie-domain (Config.Sessions.CookieDomain), or the host that the proxy "+
				"passes on", "domain", c.CookieDomain, "host", logText(host))
		})
	}
}
