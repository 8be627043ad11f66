package conformance_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
)

// requestDifferentials are about the decisions of the middleware.
func requestDifferentials() []differential {
	return []differential{
		{name: "csrf_request", makes: makeCSRFRequest, own: ownCSRFRequest},
		{name: "host", makes: makeHost, own: ownHost},
		cacheDifferential(),
		visitorsDifferential(),
	}
}

var csrfTrusted = []string{"https://trusted.test", "https://*.wild.test", "http://*.plain.test:8080", "http://[::1]:81"}

func makeCSRFRequest(g *generator) fields {
	secret := csrf.NewSecret()
	tokens := func() any {
		return pick[any](g, secret.Token(), secret.Token(), secret.Token(), secret.Text(), csrf.NewSecret().Token(), "", nil,
			wire(g.mutate(secret.Token())), wire(g.plainWord(70)))
	}
	host := pick(g, "example.com", "example.com", "example.com:8443", "example.com:443", "a.sub.example.com:80", "a.sub.example.com", "[::1]:81", "EXAMPLE.com", wire(g.mutate("example.com")))
	origins := func() string {
		of := pick(g, host, host, host, "trusted.test", "a.wild.test", "wild.test", "a.plain.test:8080", "evil.test", "sub.example.com")
		origin := pick(g, "https://", "https://", "http://", "", "//") + of
		if g.one(4) {
			origin = g.mutate(origin, "null", "https://", "@", ":443", ".wild.test", "[", "]", "/", "\\")
		}
		return wire(origin)
	}
	secure := g.one(2)
	_, port, found := strings.Cut(strings.TrimPrefix(host, "[::1]"), ":")
	if !found { // as the server's port is, by the host
		port = map[bool]string{true: "443", false: "80"}[secure]
	}
	c := fields{
		"secret": secret.Text(), "method": pick(g, "POST", "POST", "POST", "PUT", "GET", "DELETE", "HEAD", "TRACE", "QUERY"),
		"secure": secure, "HTTP_HOST": host, "port": port, "use": g.one(3), "trusted": csrfTrusted[:g.IntN(len(csrfTrusted)+1)],
		"cookie": pick[any](g, secret.Text(), secret.Text(), secret.Token(), nil, "", wire(g.mutate(secret.Text()))),
		"body":   nil, "domain": nil, "HTTP_X_CSRFTOKEN": nil, "HTTP_ORIGIN": nil, "HTTP_REFERER": nil,
	}
	if token, ok := tokens().(string); ok {
		c["body"] = formBody(g, token)
	}
	if g.one(3) {
		c["HTTP_X_CSRFTOKEN"] = tokens()
	}
	if g.one(2) {
		c["HTTP_ORIGIN"] = origins()
	}
	if g.one(2) {
		c["HTTP_REFERER"] = origins() + pick(g, "", "/", "/a?b#c", "?", "#", "/a//b")
	}
	if g.one(6) {
		c["domain"] = pick(g, ".example.com", "example.com", ".sub.example.com")
	}
	return c
}

// formBody hides the token among other fields, or forgets it.
func formBody(g *generator, token string) string {
	field := csrf.FormField + "=" + pick(g, url.QueryEscape(token), url.QueryEscape(token), percent(token))
	return pick(g, field, field, "a=b&"+field, field+"&a=b", csrf.FormField+"=x&"+field, "&&"+field+"&", "%63"+field[1:], "a=b", wire(g.mutate(field)))
}

// percent writes each byte as a percent sign and digits.
func percent(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02x", text[i])
	}
	return b.String()
}

// wire leaves what can stand in a header: Go's server and Python's refuse the
// rest before anybody sees it, and both cut spaces off.
func wire(text string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, text), " ")
}

var guards sync.Map // config → http.Handler

// guardOf creates the chain of a case; requests tell it apart by their context only.
func guardOf(c fields) (http.Handler, error) {
	domain, _ := c["domain"].(string)
	trusted := c["trusted"].([]string)
	key := fmt.Sprint(domain, trusted)
	if h, ok := guards.Load(key); ok {
		return h.(http.Handler), nil
	}
	hosts, err := middleware.Hosts(middleware.HostsConfig{
		Allowed: []string{"example.com", ".sub.example.com", "[::1]"}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	guard, err := middleware.CSRF(middleware.CSRFConfig{
		TrustedOrigins: trusted, CookieDomain: domain, Logger: slog.New(slog.DiscardHandler),
		Failure: func(w http.ResponseWriter, _ *http.Request, f middleware.CSRFFailure) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, f.Reason)
		},
	})
	if err != nil {
		return nil, err
	}
	h := hosts(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Use-Token") == "" {
			return
		}
		token, err := middleware.CSRFToken(r)
		if err != nil {
			token = err.Error()
		}
		w.Header().Set("Token", token)
	})))
	guards.Store(key, h)
	return h, nil
}

func ownCSRFRequest(_ *oracle, c fields) any {
	h, err := guardOf(c)
	if err != nil {
		return failed(err)
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.Method, r.Host, r.URL = c["method"].(string), c["HTTP_HOST"].(string), &url.URL{Path: "/"} // as of a server
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if body, ok := c["body"].(string); ok {
		r.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	}
	if c["secure"].(bool) {
		r.TLS = &tls.ConnectionState{}
	}
	for field, name := range map[string]string{"HTTP_X_CSRFTOKEN": "X-Csrftoken", "HTTP_ORIGIN": "Origin", "HTTP_REFERER": "Referer"} {
		if value, ok := c[field].(string); ok {
			r.Header[name] = []string{value}
		}
	}
	if value, ok := c["cookie"].(string); ok {
		r.Header["Cookie"] = []string{"csrftoken=" + value}
	}
	if c["use"].(bool) {
		r.Header.Set("Use-Token", "1")
	}
	response := httptest.NewRecorder()
	h.ServeHTTP(response, r)
	if response.Code == http.StatusBadRequest {
		return fields{"status": response.Code}
	}
	answer := fields{"status": response.Code, "vary": response.Header().Get("Vary"), "reason": response.Body.String()}
	cookie, _, _ := strings.Cut(strings.TrimPrefix(response.Header().Get("Set-Cookie"), "csrftoken="), ";")
	answer["sent"], answer["kept"] = cookie != "", cookie == c["secret"]
	if token := response.Header().Get("Token"); token != "" {
		secret, err := csrf.Parse(token)
		answer["token"] = err == nil && secret.Text() == c["secret"]
	}
	return answer
}

func makeHost(g *generator) fields {
	host := pick(g, "example.com", "a.b.example.com:8000", "[::1]:80", "127.0.0.1", "EXAMPLE.com.", g.corpus("redirects", "get_host", "host"))
	if g.one(2) {
		host = g.mutate(host, ":", ".", "[", "]", "@", "/", "-", "80", "::")
	}
	all := []string{"example.com", ".example.com", "[::1]", "127.0.0.1", ".Sub.example.com"}
	return fields{"host": ascii(host), "allowed": pick(g, all, all[:1], all[1:2], all[2:], []string{}, []string{"*"})}
}

// ascii is what can stand in a Host header that reaches Django: WSGI gives it no
// character beyond Latin-1, and of these the pattern of hosts takes none.
func ascii(text string) string {
	return strings.Map(func(c rune) rune {
		if c > '~' {
			return -1
		}
		return c
	}, text)
}

// ownHost asks the middleware, through requests.
func ownHost(_ *oracle, c fields) any {
	allowed := c["allowed"].([]string)
	try := func(allowed []string) bool {
		hosts, err := middleware.Hosts(middleware.HostsConfig{Allowed: allowed, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return false
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c["host"].(string)
		response := httptest.NewRecorder()
		hosts(http.NotFoundHandler()).ServeHTTP(response, r)
		return response.Code == http.StatusNotFound
	}
	return fields{"allowed": try(slices.Clone(allowed)), "note:wellFormed": try([]string{"*"})}
}
