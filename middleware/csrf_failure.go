package middleware

import (
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// CSRFFailure specifies why a request was refused, and what to do about it. It tells
// nothing that the client did not send or could not find out.
type CSRFFailure struct {
	// Reason is Django's, word for word, of 1 KiB at most, with tokens shortened. It may
	// hold text of the client.
	Reason string
	// Cause is what happened, in a sentence or two, in the visitor's language.
	Cause string
	// Visitor is what the visitor can do, in their language.
	Visitor string
	// Remedy is what anyone who runs the site can do, in English.
	Remedy string
	// Setting is the one to change, "TrustedProxies" for instance, with Django's
	// name in parentheses where that is another; empty where none is wrong.
	Setting string
}

// Refuse responds with 403 with the cause and the remedy: the default of
// CSRFConfig.Failure.
func Refuse(w http.ResponseWriter, r *http.Request, f CSRFFailure) {
	w.Header().Set("Cache-Control", "no-store")
	t := translator(r)
	message := f.Cause + " " + f.Visitor
	if f.Remedy != "" && !negotiate.HTML(r) {
		message += " " + f.Remedy
	} else if f.Remedy != "" {
		message += " " + t.T("If you run this site") + ": " + f.Remedy
	}
	say(w, r, t, http.StatusForbidden, title(t, http.StatusForbidden), message)
}

// What visitors can do.
var (
	tryAgain    = i18n.Mark("Go back, load the page again and send the form once more.")
	openHere    = i18n.Mark("Open the form on this site and send it again.")
	allowCookie = i18n.Mark("Allow cookies for this site, load the form again and send it once more.")
	openByHTTPS = i18n.Mark("Open the form by https and send it again.")
	siteFault   = i18n.Mark("This is a fault of the site and not yours.")
)

// diagnose finds out what is behind a refusal.
func (g *csrfGuard) diagnose(r *http.Request, why *csrfRefusal) CSRFFailure {
	t := translator(r)
	f := CSRFFailure{Visitor: t.T(tryAgain)}
	switch why.kind {
	case badOrigin, badReferer:
		f = diagnoseOrigin(r, t, why)
	case noReferer:
		f.Cause = t.T("The browser did not tell which page the form came from.")
		f.Visitor = t.T("An extension or a setting of the browser may hide the header Referer. Allow it for this site, and send the form again.")
		f.Remedy = "See to it that the pages with forms do not have the policy no-referrer; same-origin is a good one."
		f.Setting = "Security.ReferrerPolicy (SECURE_REFERRER_POLICY)"
	case malformedReferer:
		f.Cause = t.T("The header Referer, which tells the page that the form came from, is malformed.")
	case insecureReferer:
		f.Cause = t.T("The form came from a page that was opened by http, where somebody could have changed it on its way.")
		f.Visitor = t.T(openByHTTPS)
		f.Remedy = "Lead visitors from http to https."
		f.Setting = "Security.SSLRedirect (SECURE_SSL_REDIRECT)"
	case noCookie:
		g.diagnoseCookie(r, t, &f)
	case badCookie:
		f.Cause = t.T("The cookie %(cookie)s holds what this site never wrote. It has been replaced.", "cookie", g.config.CookieName)
		f.Remedy = "Where another application of this domain uses a cookie of that name, give this one another."
		f.Setting = "CSRF.CookieName (CSRF_COOKIE_NAME)"
	case noToken:
		g.diagnoseToken(t, &f, why.missing)
	case badToken:
		f.Cause = t.T("The form's token is malformed.")
		f.Remedy = "Take the token anew from the page or the cookie, and send it as it is."
	case wrongToken:
		f.Cause = t.T("The form's token is not the one of this browser. That happens to a page that was open while somebody logged in in another tab.")
		f.Remedy = "Where it happens all the time, another application of this domain may use a cookie of the same name."
		f.Setting = "CSRF.CookieName (CSRF_COOKIE_NAME)"
	}
	f.Reason = shorten(requestinfo.LogText(why.reason))
	return f
}

// diagnoseOrigin is about a page that seems to be one of another site.
func diagnoseOrigin(r *http.Request, t *i18n.Translator, why *csrfRefusal) CSRFFailure {
	if why.origin == "null" {
		return CSRFFailure{
			Cause: t.T("The browser said Origin: null, so it is not known which page the form came from. " +
				"Browsers say so on pages with the policy no-referrer, in sandboxed frames, and after a redirect from another site."),
			Visitor: t.T(openHere),
			Remedy:  "See to it that the pages with forms do not have the policy no-referrer; same-origin is a good one.",
			Setting: "Security.ReferrerPolicy (SECURE_REFERRER_POLICY)",
		}
	}
	own, source := requestinfo.Origin(r), shorten(requestinfo.LogText(why.origin))
	sent, err := safeurl.Split(why.origin)
	host, wellFormed := "", err == nil
	if wellFormed {
		host = sent.Netloc
	}
	switch {
	case wellFormed && host == requestinfo.Host(r) && sent.Scheme == "https" && !requestinfo.Secure(r):
		return behindProxy(t, t.T("The browser speaks https, but this server sees %(origin)s. A proxy in front of it ends the encryption, "+
			"and the server does not believe or does not get what the proxy says about it.", "origin", own),
			"Name the proxy among the trusted ones, and let it set X-Forwarded-Proto.", "TrustedProxies (SECURE_PROXY_SSL_HEADER)")
	case wellFormed && host != "" && host == strings.Join(r.Header[forwardedHost], ","):
		return behindProxy(t, t.T("The browser asked for %(host)s, but this server sees %(origin)s. A proxy in front of it changed the host.",
			"host", host, "origin", own),
			"Let the proxy pass the Host header on, or name it among the trusted ones and take the host from X-Forwarded-Host.",
			"Proxy.ForwardedHost (USE_X_FORWARDED_HOST)")
	case wellFormed && sameDomain(host, requestinfo.Host(r)):
		return behindProxy(t, t.T("The browser says that the form came from %(source)s, but this server sees %(origin)s. "+
			"They differ in the port or the scheme.", "source", source, "origin", own),
			"Let the proxy pass the Host header on with its port. If the two are sites of their own, trust the origin "+source+".",
			"TrustedOrigins (CSRF_TRUSTED_ORIGINS)")
	}
	return CSRFFailure{
		Cause: t.T("The form came from another site, %(source)s, and this one is %(origin)s.",
			"source", source, "origin", own),
		Visitor: t.T(openHere),
		Remedy:  "If that is a site of yours that may send forms to this one, trust its origin.",
		Setting: "TrustedOrigins (CSRF_TRUSTED_ORIGINS)",
	}
}

func behindProxy(t *i18n.Translator, cause, remedy, setting string) CSRFFailure {
	return CSRFFailure{Cause: cause, Visitor: t.T(siteFault), Remedy: remedy, Setting: setting}
}

// sameDomain compares hosts without their ports.
func sameDomain(a, b string) bool {
	first, _ := splitHost(a)
	second, _ := splitHost(b)
	return first != "" && first == second
}

// diagnoseCookie is about a secret that did not come back.
func (g *csrfGuard) diagnoseCookie(r *http.Request, t *i18n.Translator, f *CSRFFailure) {
	c := &g.config
	f.Visitor = t.T(allowCookie)
	domain := strings.TrimPrefix(c.CookieDomain, ".")
	own, _ := splitHost(requestinfo.Host(r))
	switch {
	case c.CookieSecure && !requestinfo.Secure(r):
		f.Cause = t.T("The cookie %(cookie)s is for https alone, and this server sees http.", "cookie", c.CookieName)
		f.Visitor = t.T(openByHTTPS)
		f.Remedy = "Serve the site by https; behind a proxy that does, name the proxy among the trusted ones and let it set X-Forwarded-Proto. " +
			"Without https, the cookie must not be secure."
		f.Setting = "CSRF.CookieSecure (CSRF_COOKIE_SECURE)"
	case !httptext.DomainMatches(own, domain):
		f.Cause = t.T("The cookie %(cookie)s is for the domain %(domain)s, which is not that of this address, so browsers do not keep it.",
			"cookie", c.CookieName, "domain", domain)
		f.Remedy = "Correct the domain of the cookie, or leave it empty."
		f.Setting = "CSRF.CookieDomain (CSRF_COOKIE_DOMAIN)"
	case !httptext.PathMatches(requestinfo.Below(r, r.URL.Path), cookiePath(r, c.CookiePath)):
		f.Cause = t.T("The cookie %(cookie)s is for addresses below %(path)s, so browsers do not send it here.",
			"cookie", c.CookieName, "path", cookiePath(r, c.CookiePath))
		f.Remedy = "Correct the path of the cookie, or leave it empty."
		f.Setting = "CSRF.CookiePath (CSRF_COOKIE_PATH)"
	case c.UseSessions:
		f.Cause = t.T("The session that the form belongs to is not there: it ended, or the browser did not send its cookie.")
		f.Visitor = t.T("Load the form again and send it once more. Where that does not help, allow cookies for this site.")
	case !negotiate.HTML(r):
		f.Cause = t.T("The request came without the cookie %(cookie)s.", "cookie", c.CookieName)
		f.Visitor = t.T("Get a page with a form first, keep its cookie, and send its token along as csrfmiddlewaretoken or %(header)s.",
			"header", c.HeaderName)
		f.Remedy = "For clients that are no browsers, let the cross-origin check guard the site: it needs no token."
		f.Setting = "Guard"
	default:
		f.Cause = t.T("The browser did not send the cookie %(cookie)s, which every form needs. "+
			"It may block cookies, or the form was open for very long.", "cookie", c.CookieName)
	}
}

// diagnoseToken is about a request without a token.
func (g *csrfGuard) diagnoseToken(t *i18n.Translator, f *CSRFFailure, body bodyState) {
	switch body {
	case bodyJSON:
		f.Cause = t.T("JSON carries no token, so it must be sent in the header %(header)s, and it was not.", "header", g.config.HeaderName)
		f.Visitor = t.T("Send the value of the cookie %(cookie)s in that header.", "cookie", g.config.CookieName)
		f.Remedy = "If the clients are no browsers, let the cross-origin check guard the site: it needs no token."
		f.Setting = "Guard"
	case bodyTooLong:
		f.Cause = t.T("The form is so long that its token was not found: it must be within the first part of the body.")
		f.Visitor = t.T(siteFault)
		f.Remedy = "Put the hidden field in front of the other fields and of files, send the token in the header " + g.config.HeaderName +
			", or let a longer part be searched."
		f.Setting = "CSRF.MaxBody (DATA_UPLOAD_MAX_MEMORY_SIZE)"
	case bodyCutOff:
		f.Cause = t.T("The form did not arrive whole, so it has no token.")
	case bodyForm:
		f.Cause = t.T("The form has no token.")
		f.Remedy = "Put the hidden field into the form: middleware.CSRFField makes it; in Django's templates it is {% csrf_token %}."
	default:
		f.Cause = t.T("The request has no token.")
		f.Visitor = t.T("Send the value of the cookie %(cookie)s in the header %(header)s.",
			"cookie", g.config.CookieName, "header", g.config.HeaderName)
	}
}
