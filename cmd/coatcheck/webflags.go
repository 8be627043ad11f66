package main

import (
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/middleware"
)

// webFlags say which hosts the server has, whom it believes and which headers
// it sends.
type webFlags struct {
	AllowedHosts    []string  `group:"web" name:"allowed-host" placeholder:"HOST" help:"Host that the site serves, .example.com with its subdomains, * for every one; may be repeated. None means every one (ALLOWED_HOSTS)."`
	TrustedProxies  []string  `group:"web" name:"trusted-proxy" placeholder:"ADDRESS" help:"Address or network of a proxy in front, or unix, whose X-Forwarded headers are believed; may be repeated. None means nobody's."`
	ForwardedHost   bool      `group:"web" name:"use-x-forwarded-host" help:"Take the host from a trusted proxy's X-Forwarded-Host (USE_X_FORWARDED_HOST)."`
	ForwardedPort   bool      `group:"web" name:"use-x-forwarded-port" help:"Take the port from a trusted proxy's X-Forwarded-Port (USE_X_FORWARDED_PORT)."`
	ForwardedPrefix bool      `group:"web" name:"use-x-forwarded-prefix" help:"Take the path below which the site is mounted from a trusted proxy's X-Forwarded-Prefix, which it must set or remove on every request."`
	Mount           mountFlag `embed:""`
	SSLHeader       string    `group:"web" name:"secure-proxy-ssl-header" default:"X-Forwarded-Proto" placeholder:"HEADER" help:"Header in which a trusted proxy tells the scheme, or none (SECURE_PROXY_SSL_HEADER, its first part)."`
	SSLValue        string    `group:"web" name:"secure-proxy-ssl-value" default:"https" help:"What it says for HTTPS (SECURE_PROXY_SSL_HEADER, its second part)."`

	SSLRedirect       bool     `group:"web" name:"secure-ssl-redirect" help:"Redirect HTTP requests to HTTPS (SECURE_SSL_REDIRECT)."`
	SSLHost           string   `group:"web" name:"secure-ssl-host" placeholder:"HOST" help:"Host to lead to; that of the request by default (SECURE_SSL_HOST)."`
	SSLRedirectExempt []string `group:"web" name:"secure-redirect-exempt" placeholder:"REGEXP" sep:"none" help:"Paths, without the slash in front, that stay on HTTP; may be repeated (SECURE_REDIRECT_EXEMPT)."`
	HSTSSeconds       int      `group:"web" name:"secure-hsts-seconds" default:"0" help:"For how long browsers are to come by HTTPS alone (SECURE_HSTS_SECONDS)."`
	HSTSSubdomains    bool     `group:"web" name:"secure-hsts-include-subdomains" help:"To the subdomains too (SECURE_HSTS_INCLUDE_SUBDOMAINS)."`
	HSTSPreload       bool     `group:"web" name:"secure-hsts-preload" help:"And let browsers know in advance (SECURE_HSTS_PRELOAD)."`
	NoSniff           bool     `group:"web" name:"secure-content-type-nosniff" default:"true" negatable:"" help:"Send X-Content-Type-Options: nosniff; on by default (SECURE_CONTENT_TYPE_NOSNIFF)."`
	ReferrerPolicy    string   `group:"web" name:"secure-referrer-policy" default:"same-origin" help:"Referrer-Policy, or omit (SECURE_REFERRER_POLICY)."`
	OpenerPolicy      string   `group:"web" name:"secure-cross-origin-opener-policy" default:"same-origin" help:"Cross-Origin-Opener-Policy, or omit (SECURE_CROSS_ORIGIN_OPENER_POLICY)."`
	FrameOptions      string   `group:"web" name:"x-frame-options" default:"DENY" help:"X-Frame-Options: DENY, SAMEORIGIN or omit (X_FRAME_OPTIONS)."`

	RemoteUserHeader     string   `group:"web" placeholder:"HEADER" help:"Header by which a web server in front names the user; none by default (RemoteUserMiddleware)."`
	RemoteUserTrusted    []string `group:"web" placeholder:"ADDRESS" help:"Address or network of that web server; those of --trusted-proxy by default. May be repeated."`
	RemoteUserPersistent bool     `group:"web" help:"Keep users signed in on requests without the header (PersistentRemoteUserMiddleware)."`
}

func (f *webFlags) security() *middleware.SecurityConfig {
	return &middleware.SecurityConfig{
		HSTSSeconds: f.HSTSSeconds, HSTSIncludeSubdomains: f.HSTSSubdomains, HSTSPreload: f.HSTSPreload,
		SSLRedirect: f.SSLRedirect, SSLHost: f.SSLHost, SSLRedirectExempt: f.SSLRedirectExempt,
		AllowSniffing: !f.NoSniff, ReferrerPolicy: f.ReferrerPolicy,
		CrossOriginOpenerPolicy: f.OpenerPolicy, FrameOptions: f.FrameOptions,
	}
}

// headers are the headers alone, for responses that never reach the site.
func (f *webFlags) headers() (func(http.Handler) http.Handler, error) {
	c := f.security()
	c.SSLRedirect, c.HSTSSeconds = false, 0
	return middleware.Security(*c)
}

// proxy is what is believed of trusted proxies.
func (f *webFlags) proxy() middleware.ProxyConfig {
	return middleware.ProxyConfig{
		Trusted: f.TrustedProxies, SSLHeader: f.SSLHeader, SSLValue: f.SSLValue,
		ForwardedHost: f.ForwardedHost, ForwardedPort: f.ForwardedPort, ForwardedPrefix: f.ForwardedPrefix,
		ScriptName: f.Mount.Path,
	}
}

// apply configures the site.
func (f *webFlags) apply(c *coatcheck.Config) error {
	if _, err := span("secure-hsts-seconds", float64(f.HSTSSeconds), 0); err != nil {
		return err
	}
	if len(f.AllowedHosts) > 0 {
		c.Web.AllowedHosts = f.AllowedHosts
	}
	c.Web.TrustedProxies, c.Site.ScriptName = f.TrustedProxies, f.Mount.Path
	c.Web.Proxy = f.proxy()
	c.Web.Security = f.security()
	if f.RemoteUserHeader != "" {
		c.Web.RemoteUser = &middleware.RemoteUserConfig{
			Header: f.RemoteUserHeader, Trusted: f.RemoteUserTrusted, Persistent: f.RemoteUserPersistent,
		}
	}
	return nil
}

// mountFlag specifies where a proxy mounts the site.
type mountFlag struct {
	Path string `group:"web" name:"script-name" placeholder:"PATH" help:"Path below which a proxy mounts the site, /auth for instance. It goes before all addresses in pages, redirects and emails, and names the path of the cookies (FORCE_SCRIPT_NAME)."`
}

// csrfFlags say what keeps other sites' pages from acting with a visitor's
// cookies.
type csrfFlags struct {
	Guard          string   `group:"csrf" name:"guard" default:"auto" enum:"auto,cross-origin,django,both" help:"What guards: ${enum}. auto is django where Django made the tables, else cross-origin, which needs no tokens."`
	TrustedOrigins []string `group:"csrf" name:"trusted-origin" placeholder:"ORIGIN" help:"Origin of another site, https://app.example, whose pages may send forms here; may be repeated (CSRF_TRUSTED_ORIGINS)."`
	CookieName     string   `group:"csrf" name:"csrf-cookie-name" default:"csrftoken" help:"Name of the cookie."`
	CookieAge      int      `group:"csrf" name:"csrf-cookie-age" default:"31449600" help:"Life of the cookie in seconds; 0 ends it with the browser."`
	CookieDomain   string   `group:"csrf" name:"csrf-cookie-domain" placeholder:"DOMAIN" help:"Domain of the cookie; none means this host alone."`
	CookiePath     string   `group:"csrf" name:"csrf-cookie-path" placeholder:"PATH" help:"Path of the cookie; by default / or --script-name."`
	CookieSecure   bool     `group:"csrf" name:"csrf-cookie-secure" help:"Send the cookie over HTTPS only."`
	CookieHTTPOnly bool     `group:"csrf" name:"csrf-cookie-httponly" help:"Hide the cookie from scripts."`
	CookieSameSite string   `group:"csrf" name:"csrf-cookie-samesite" default:"Lax" enum:"Lax,Strict,None,omit" help:"SameSite of the cookie: ${enum} (no attribute)."`
	CookieMasked   bool     `group:"csrf" name:"csrf-cookie-masked" help:"Mask the cookie, for Django before 4.1 beside this site."`
	HeaderName     string   `group:"csrf" name:"csrf-header-name" default:"X-CSRFToken" help:"Header in which scripts send the token."`
	UseSessions    bool     `group:"csrf" name:"csrf-use-sessions" help:"Keep the secret in the session; that of visitors without one stays in a cookie."`
}

// apply configures the site.
func (f *csrfFlags) apply(c *coatcheck.Config) error {
	age, err := span("csrf-cookie-age", float64(f.CookieAge), 0)
	if err != nil {
		return err
	}
	if f.Guard != "auto" {
		c.Web.Guard = coatcheck.Guard(f.Guard)
	}
	c.Web.TrustedOrigins = f.TrustedOrigins
	c.Web.CSRF = middleware.CSRFConfig{
		CookieName: f.CookieName, CookieAge: age, ExpireAtBrowserClose: f.CookieAge == 0,
		CookieDomain: f.CookieDomain, CookiePath: f.CookiePath, CookieSecure: f.CookieSecure,
		CookieHTTPOnly: f.CookieHTTPOnly,
		CookieSameSite: f.CookieSameSite, CookieMasked: f.CookieMasked, HeaderName: f.HeaderName,
		UseSessions: f.UseSessions,
	}
	return nil
}
