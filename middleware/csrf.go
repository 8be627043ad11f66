package middleware

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/internal/httptext"
)

// Defaults of CSRFConfig.
const (
	DefaultCSRFCookieName = "csrftoken"
	DefaultCSRFCookieAge  = 52 * 7 * 24 * time.Hour
	DefaultCSRFHeaderName = "X-CSRFToken"
	DefaultCSRFMaxBody    = 5 << 19 // 2.5 MiB
)

// CSRFConfig specifies how Django's CSRF protection works. Zero fields mean Django's
// defaults.
type CSRFConfig struct {
	// CookieName is "csrftoken" when empty. Django: CSRF_COOKIE_NAME.
	CookieName string
	// CookieAge is how long the cookie lives after its last use; 52 weeks when 0.
	// Django: CSRF_COOKIE_AGE, in seconds.
	CookieAge time.Duration
	// ExpireAtBrowserClose sends cookies without an end. Django: CSRF_COOKIE_AGE = None.
	ExpireAtBrowserClose bool
	// CookieDomain is empty for a cookie of this host alone. Where it is set,
	// pages of that domain may send forms over HTTPS by their Referer. Django: CSRF_COOKIE_DOMAIN.
	CookieDomain string
	// CookiePath is "/" when empty, or the path below which a proxy mounts the site. Django: CSRF_COOKIE_PATH.
	CookiePath string
	// CookieSecure sends the cookie over HTTPS only. Django: CSRF_COOKIE_SECURE.
	CookieSecure bool
	// CookieHTTPOnly hides the cookie from scripts. Django: CSRF_COOKIE_HTTPONLY.
	CookieHTTPOnly bool
	// CookieSameSite is "Lax" when empty, or "Strict", "None", or "omit" for no
	// attribute at all. Django: CSRF_COOKIE_SAMESITE (whose None is "omit").
	CookieSameSite string
	// CookieMasked stores secrets behind a mask, for Django 3.2 and 4.0 beside
	// this site; all versions read both. Django 4.1 and 4.2: CSRF_COOKIE_MASKED.
	CookieMasked bool
	// HeaderName is where scripts send the token; "X-CSRFToken" when empty.
	// Django: CSRF_HEADER_NAME, whose HTTP_X_CSRFTOKEN may stand here too.
	HeaderName string
	// TrustedOrigins are other sites whose pages may send forms to this one:
	// "https://other.example", or "https://*.example.com" for a domain with all
	// its subdomains. Django: CSRF_TRUSTED_ORIGINS.
	TrustedOrigins []string
	// UseSessions keeps the secret of a visitor who has a session in there, and looks
	// at the session when the secret is needed and not before. Visitors without one
	// have it in the cookie, which is hidden from scripts then, so that no session is
	// created for them; where it is secure and has the path / and no domain, its name
	// begins with __Host-. Django: CSRF_USE_SESSIONS.
	UseSessions bool
	// SessionCookieDomain replaces CookieDomain where UseSessions is
	// set. Django: SESSION_COOKIE_DOMAIN.
	SessionCookieDomain string
	// Exempt names the requests that are not checked, such as webhooks; see
	// ExemptPaths. Django: csrf_exempt.
	Exempt func(*http.Request) bool
	// Failure responds to a request that was refused, with 403; Refuse when nil.
	// Django: CSRF_FAILURE_VIEW.
	Failure func(w http.ResponseWriter, r *http.Request, f CSRFFailure)
	// MaxBody is how much of a form is searched for the token, in bytes; 2.5 MiB
	// when 0. Django: DATA_UPLOAD_MAX_MEMORY_SIZE.
	MaxBody int64
	// Logger is told of each refusal, in Django's words. Nil means slog.Default().
	Logger *slog.Logger
}

// csrfGuard is a CSRFConfig that was read.
type csrfGuard struct {
	config  CSRFConfig
	trusted trustedOrigins
}

// CSRF refuses requests that another site's page makes with this site's cookies,
// by tokens, Origin and Referer as Django does (CsrfViewMiddleware). GET, HEAD,
// OPTIONS and TRACE always pass, so they must change nothing. Every other request
// needs a secret, in a cookie or the session, and a token made of it: in the form
// field csrfmiddlewaretoken, which CSRFField makes, or in the header X-CSRFToken.
// The body can be read by the view as if nobody had.
//
// The secret changes at each login. It stands inside Sessions, so that its cookie
// comes before the session's.
func CSRF(c CSRFConfig) (func(http.Handler) http.Handler, error) {
	g, err := newCSRFGuard(c)
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if state := csrfFrom(r.Context()); state != nil { // there is one outside already
				g.pass(w, r, next, state)
				return
			}
			state := &csrfState{guard: g, request: r, header: w.Header()}
			if !g.config.UseSessions {
				state.readCookie()
			}
			ctx := context.WithValue(r.Context(), csrfKey{}, state)
			r = r.WithContext(hooks.OnLogin(ctx, state.rotate))
			bw := &beforeWriter{ResponseWriter: w, by: beginFuncs{
				before: state.send, fail: func(err error) { failInstead(w, r, err) },
			}}
			g.pass(bw, r, next, state)
			bw.begin(http.StatusOK)
			state.finish()
		})
	}, nil
}

func newCSRFGuard(c CSRFConfig) (*csrfGuard, error) {
	switch strings.ToLower(c.CookieSameSite) {
	case "":
		c.CookieSameSite = "Lax"
	case omit:
		c.CookieSameSite = ""
	case "lax", "strict", "none":
	default:
		return nil, fmt.Errorf(`middleware: CSRFConfig.CookieSameSite is %q; it must be "Lax", "Strict", "None" or "omit"`, c.CookieSameSite)
	}
	if c.CookieAge < 0 || c.MaxBody < 0 {
		return nil, errors.New("middleware: CSRFConfig.CookieAge and MaxBody must not be negative")
	}
	c.setDefaults()
	name, err := headerName(c.HeaderName)
	if err != nil {
		return nil, fmt.Errorf("middleware: CSRFConfig.HeaderName: %w", err)
	}
	c.HeaderName = name
	g := &csrfGuard{config: c}
	if g.trusted, err = parseTrusted(c.TrustedOrigins); err != nil {
		return nil, err
	}
	if _, err := g.cookie(csrf.NewSecret().Token(), c.CookiePath); err != nil {
		return nil, fmt.Errorf("middleware: CSRFConfig.CookieName, CookiePath or CookieDomain: %w", err)
	}
	return g, nil
}

func (c *CSRFConfig) setDefaults() {
	for field, fallback := range map[*string]string{
		&c.CookieName: DefaultCSRFCookieName, &c.HeaderName: DefaultCSRFHeaderName,
	} {
		if *field == "" {
			*field = fallback
		}
	}
	if c.CookieAge == 0 {
		c.CookieAge = DefaultCSRFCookieAge
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultCSRFMaxBody
	}
	if c.Failure == nil {
		c.Failure = Refuse
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.UseSessions {
		c.setVisitorsCookie()
	}
}

// hostPrefix begins the names of cookies that browsers take from this host alone, so
// that no subdomain can plant one.
const hostPrefix = "__Host-"

// setVisitorsCookie prepares the cookie for visitors without a session.
func (c *CSRFConfig) setVisitorsCookie() {
	c.CookieHTTPOnly, c.CookieDomain = true, c.SessionCookieDomain
	if !c.CookieSecure || c.CookiePath != "" && c.CookiePath != "/" || c.CookieDomain != "" {
		return
	}
	c.CookiePath = "/"
	if !strings.HasPrefix(c.CookieName, hostPrefix) {
		c.CookieName = hostPrefix + c.CookieName
	}
}

func (g *csrfGuard) cookie(value, path string) (string, error) {
	c := &g.config
	cookie := httptext.SetCookie{
		Name: c.CookieName, Value: value, Domain: c.CookieDomain, Path: path,
		Secure: c.CookieSecure, HttpOnly: c.CookieHTTPOnly, SameSite: c.CookieSameSite,
	}
	if !c.ExpireAtBrowserClose {
		seconds := int(c.CookieAge / time.Second)
		cookie.MaxAge = &seconds
	}
	return cookie.String(time.Now())
}

// ExemptPaths exempts requests for the paths, to the letter: "/hook" exempts
// neither "/hook/" nor "//hook", nor a spelling with percent signs, which a mux
// may lead elsewhere.
func ExemptPaths(paths ...string) func(*http.Request) bool {
	paths = slices.Clone(paths)
	return func(r *http.Request) bool { return r.URL.RawPath == "" && slices.Contains(paths, r.URL.Path) }
}

type csrfKey struct{}

func csrfFrom(ctx context.Context) *csrfState {
	state, _ := ctx.Value(csrfKey{}).(*csrfState)
	return state
}

// CSRFToken returns a token for a form of the response, to be sent as
// csrfmiddlewaretoken or in the header X-CSRFToken, and sees to it that the cookie
// goes out with the response (Django: get_token; calling it is
// ensure_csrf_cookie). It must be called before the response begins. Where CSRF does not guard
// the request no token is needed, and it is empty. The error is a failure of the session
// store.
func CSRFToken(r *http.Request) (string, error) {
	state := csrfFrom(r.Context())
	if state == nil {
		return "", nil
	}
	return state.token()
}

// CSRFField is CSRFToken as a hidden field for a form (Django: {% csrf_token
// %}), or nothing where CSRF does not guard the request.
func CSRFField(r *http.Request) (template.HTML, error) {
	token, err := CSRFToken(r)
	if token == "" || err != nil {
		return "", err
	}
	return template.HTML(`<input type="hidden" name="` + csrf.FormField + `" value="` + token + `">`), nil
}
