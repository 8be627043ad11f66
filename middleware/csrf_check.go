package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Django's reasons.
const (
	reasonBadOrigin       = "Origin checking failed - %s does not match any trusted origins."
	reasonNoReferer       = "Referer checking failed - no Referer."
	reasonBadReferer      = "Referer checking failed - %s does not match any trusted origins."
	reasonMalformed       = "Referer checking failed - Referer is malformed."
	reasonInsecureReferer = "Referer checking failed - Referer is insecure while host is secure."
	reasonNoCookie        = "CSRF cookie not set."
	reasonNoToken         = "CSRF token missing."
)

// pass checks the request, and lets it pass or responds to it.
func (g *csrfGuard) pass(w http.ResponseWriter, r *http.Request, next http.Handler, state *csrfState) {
	if state.done || g.config.Exempt != nil && g.config.Exempt(r) {
		next.ServeHTTP(w, r)
		return
	}
	refusal, err := g.check(r, state)
	switch {
	case err != nil:
		Fail(w, r, err)
	case refusal != nil:
		reason := refusal.logged()
		g.config.Logger.WarnContext(r.Context(), "Forbidden ("+logText(reason)+"): "+logText(requestinfo.LogPath(r)))
		flow.Emit(r.Context(), refusal.kind.code(), slog.String("reason", reason))
		g.config.Failure(w, r, g.diagnose(r, refusal))
	default:
		state.done = true
		next.ServeHTTP(w, r)
	}
}

// csrfRefusal is why a request was refused.
type csrfRefusal struct {
	reason  string // Django's words
	kind    refusalKind
	origin  string    // of the page that sent it, as far as it is known
	missing bodyState // where there is no token: what became of the body
}

// logged returns the reason as logs and traces may have it: of the page that sent the
// request they get the origin, since its address may hold a token.
func (f *csrfRefusal) logged() string {
	switch f.kind {
	case badOrigin:
		return fmt.Sprintf(reasonBadOrigin, requestinfo.LogOrigin(f.origin))
	case badReferer:
		return fmt.Sprintf(reasonBadReferer, requestinfo.LogOrigin(f.origin))
	}
	return f.reason
}

type refusalKind int

const (
	badOrigin refusalKind = iota
	noReferer
	malformedReferer
	insecureReferer
	badReferer
	noCookie
	badCookie
	noToken
	badToken
	wrongToken
)

// code is what the flow is told of a refusal.
func (k refusalKind) code() flow.Code {
	return [...]flow.Code{
		badOrigin:        "csrf.origin_untrusted",
		noReferer:        "csrf.referer_missing",
		malformedReferer: "csrf.referer_malformed",
		insecureReferer:  "csrf.referer_insecure",
		badReferer:       "csrf.referer_untrusted",
		noCookie:         "csrf.cookie_missing",
		badCookie:        "csrf.cookie_malformed",
		noToken:          "csrf.token_missing",
		badToken:         "csrf.token_malformed",
		wrongToken:       "csrf.token_wrong",
	}[k]
}

// check is Django's process_view. The error is a failure of the store.
func (g *csrfGuard) check(r *http.Request, state *csrfState) (*csrfRefusal, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return nil, nil
	}
	if lines, sent := r.Header["Origin"]; sent {
		if origin := strings.Join(lines, ","); !g.originGood(r, origin) {
			return &csrfRefusal{reason: fmt.Sprintf(reasonBadOrigin, origin), kind: badOrigin, origin: origin}, nil
		}
	} else if requestinfo.Secure(r) {
		if refusal := g.checkReferer(r); refusal != nil {
			return refusal, nil
		}
	}
	return g.checkToken(r, state)
}

func (g *csrfGuard) originGood(r *http.Request, origin string) bool {
	return requestinfo.Host(r) != "" && origin == requestinfo.Origin(r) || g.trusted.match(origin)
}

// checkReferer is for HTTPS, where somebody between the browser and the site
// could bring about a request from a page without protection.
func (g *csrfGuard) checkReferer(r *http.Request) *csrfRefusal {
	lines, sent := r.Header["Referer"]
	if !sent {
		return &csrfRefusal{reason: reasonNoReferer, kind: noReferer}
	}
	referer, err := safeurl.Split(strings.Join(lines, ","))
	if err != nil || referer.Scheme == "" || referer.Netloc == "" {
		return &csrfRefusal{reason: reasonMalformed, kind: malformedReferer}
	}
	origin := referer.Scheme + "://" + referer.Netloc
	if referer.Scheme != "https" {
		return &csrfRefusal{reason: reasonInsecureReferer, kind: insecureReferer, origin: origin}
	}
	if g.trusted.matchHost(referer.Netloc) || safeurl.SameDomain(referer.Netloc, g.goodReferer(r)) {
		return nil
	}
	return &csrfRefusal{reason: fmt.Sprintf(reasonBadReferer, referer), kind: badReferer, origin: origin}
}

// goodReferer is the host of the site, or the domain that its cookie is for.
func (g *csrfGuard) goodReferer(r *http.Request) string {
	domain := g.config.CookieDomain
	if domain == "" {
		return requestinfo.Host(r)
	}
	port := requestinfo.Port(r)
	if port == "" {
		_, port = splitHost(requestinfo.Host(r))
	}
	if port == "" || port == "443" || port == "80" {
		return domain
	}
	return domain + ":" + port
}

// checkToken compares the token that the request brought with the secret.
func (g *csrfGuard) checkToken(r *http.Request, state *csrfState) (*csrfRefusal, error) {
	secret, err := state.known()
	switch {
	case err != nil:
		return nil, err
	case state.wrong != nil:
		return &csrfRefusal{reason: "CSRF cookie " + state.wrong.Error() + ".", kind: badCookie}, nil
	case secret.IsZero():
		return &csrfRefusal{reason: reasonNoCookie, kind: noCookie}, nil
	}
	token, body := g.formToken(r)
	source := "POST"
	if token == "" {
		lines, sent := r.Header[g.config.HeaderName]
		if !sent {
			return &csrfRefusal{reason: reasonNoToken, kind: noToken, missing: body}, nil
		}
		token, source = latin1(strings.Join(lines, ",")), "the '"+g.config.HeaderName+"' HTTP header"
	}
	match, err := secret.Match(token)
	switch {
	case err != nil:
		return &csrfRefusal{reason: "CSRF token from " + source + " " + err.Error() + ".", kind: badToken}, nil
	case !match:
		return &csrfRefusal{reason: "CSRF token from " + source + " incorrect.", kind: wrongToken}, nil
	}
	return nil, nil
}

// latin1 reads the bytes of a header as WSGI does, each as a character.
func latin1(value string) string {
	runes := make([]rune, len(value))
	for i := range len(value) {
		runes[i] = rune(value[i])
	}
	return string(runes)
}

// trustedOrigins are the origins of other sites that may send forms.
type trustedOrigins struct {
	exact  []string
	suffix []safeurl.Parts // scheme, and ".example.com" for the domain and all below it
	hosts  []string        // of all of them, whatever the scheme
}

// parseTrusted reads "https://other.example" and "https://*.example.com".
func parseTrusted(origins []string) (t trustedOrigins, err error) {
	for _, origin := range origins {
		parts, err := safeurl.Split(origin)
		host := parts.Netloc
		wild := strings.HasPrefix(host, "*.")
		if domain, _ := splitHost(strings.TrimPrefix(host, "*.")); err != nil || domain == "" || strings.HasPrefix(domain, ".") ||
			parts.Scheme != "https" && parts.Scheme != "http" || origin != parts.Scheme+"://"+host {
			return t, fmt.Errorf("middleware: trusted origin: %q is none; write the scheme and the host, such as %q, or %q for all subdomains",
				origin, "https://example.com", "https://*.example.com")
		}
		if wild {
			parts.Netloc = host[1:]
			t.suffix = append(t.suffix, parts)
		} else {
			t.exact = append(t.exact, origin)
		}
		t.hosts = append(t.hosts, parts.Netloc)
	}
	return t, nil
}

// match is about an Origin header.
func (t *trustedOrigins) match(origin string) bool {
	if slices.Contains(t.exact, origin) {
		return true
	}
	if len(t.suffix) == 0 {
		return false
	}
	sent, err := safeurl.Split(origin)
	return err == nil && slices.ContainsFunc(t.suffix, func(s safeurl.Parts) bool {
		return sent.Scheme == s.Scheme && safeurl.SameDomain(sent.Netloc, s.Netloc)
	})
}

// matchHost is about the host of a Referer, whose scheme is https.
func (t *trustedOrigins) matchHost(host string) bool {
	return slices.ContainsFunc(t.hosts, func(pattern string) bool { return safeurl.SameDomain(host, pattern) })
}
