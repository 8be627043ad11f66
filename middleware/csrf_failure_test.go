package middleware_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
)

// failure sends a request for a.example that must be refused, and returns what
// is said about it.
func failure(t *testing.T, secure bool, c middleware.CSRFConfig, path, kind, body string, header ...string) middleware.CSRFFailure {
	t.Helper()
	var got middleware.CSRFFailure
	c.Failure = func(w http.ResponseWriter, r *http.Request, f middleware.CSRFFailure) {
		got = f
		middleware.Refuse(w, r, f)
	}
	g := newGuarded(t, secure, c)
	v := g.visitor(t)
	r := request(t, "POST", v.URL+path, body, header...)
	r.Host = "a.example"
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if response, text := fetch(t, v.client, r); response.StatusCode != 403 || !strings.Contains(text, strings.SplitN(got.Cause, "<", 2)[0][:20]) {
		t.Fatalf("%d %s", response.StatusCode, text)
	}
	// The log has the origin of a page only, since the rest may hold a token.
	if logged := g.reason(); logged != refererPath.ReplaceAllString(got.Reason, "$1") {
		t.Errorf("the log says %q, the failure %q", logged, got.Reason)
	}
	return got
}

var refererPath = regexp.MustCompile(`(https://evil.example)/\S*`)

// TestFailuresNameTheSetting: each cause is told from the others, with the one
// setting to change.
func TestFailuresNameTheSetting(t *testing.T) {
	secret := csrf.NewSecret()
	cookie := "csrftoken=" + secret.Text()
	const form = "application/x-www-form-urlencoded"
	const html = "text/html"
	for _, tt := range []struct {
		name            string
		secure          bool
		config          middleware.CSRFConfig
		path, kind      string
		body            string
		header          []string
		cause, settings string
	}{
		{"https in front of a proxy", false, middleware.CSRFConfig{}, "/", form, "", []string{"Origin", "https://a.example"}, "speaks https", "TrustedProxies"},
		{
			"https by an untrusted proxy", false,
			middleware.CSRFConfig{},
			"/", form, "",
			[]string{"Origin", "https://a.example", "X-Forwarded-Proto", "https"},
			"speaks https", "TrustedProxies",
		},
		{
			"another host in front of a proxy", false,
			middleware.CSRFConfig{},
			"/", form, "",
			[]string{"Origin", "https://b.example", "X-Forwarded-Host", "b.example"},
			"changed the host", "ForwardedHost",
		},
		{"another port", false, middleware.CSRFConfig{}, "/", form, "", []string{"Origin", "http://a.example:8080"}, "differ in the port", "TrustedOrigins"},
		{"null", true, middleware.CSRFConfig{}, "/", form, "", []string{"Origin", "null"}, "Origin: null", "SECURE_REFERRER_POLICY"},
		{"another site", true, middleware.CSRFConfig{}, "/", form, "", []string{"Origin", "https://evil.example"}, "another site, https://evil.example", "CSRF_TRUSTED_ORIGINS"},
		{"an Origin that is no URL", true, middleware.CSRFConfig{}, "/", form, "", []string{"Origin", "http://[::1"}, "another site", "CSRF_TRUSTED_ORIGINS"},
		{"another site by its Referer", true, middleware.CSRFConfig{}, "/", form, "", []string{"Referer", "https://evil.example/x"}, "another site, https://evil.example,", "CSRF_TRUSTED_ORIGINS"},
		{"no Referer", true, middleware.CSRFConfig{}, "/", form, "", nil, "did not tell", "SECURE_REFERRER_POLICY"},
		{"a malformed Referer", true, middleware.CSRFConfig{}, "/", form, "", []string{"Referer", "x"}, "malformed", ""},
		{"a page of http", true, middleware.CSRFConfig{}, "/", form, "", []string{"Referer", "http://a.example/"}, "opened by http", "SECURE_SSL_REDIRECT"},
		{"a secure cookie by http", false, middleware.CSRFConfig{CookieSecure: true}, "/", form, "", nil, "for https alone", "CSRF_COOKIE_SECURE"},
		{"a cookie of another domain", false, middleware.CSRFConfig{CookieDomain: ".b.example"}, "/", form, "", nil, "for the domain b.example", "CSRF_COOKIE_DOMAIN"},
		{"a cookie of another path", false, middleware.CSRFConfig{CookiePath: "/b"}, "/bc", form, "", nil, "below /b", "CSRF_COOKIE_PATH"},
		{"no cookie, a program", false, middleware.CSRFConfig{CookiePath: "/b"}, "/b/c", form, "", nil, "without the cookie", "Guard"},
		{"no cookie, a browser", false, middleware.CSRFConfig{CookieDomain: "a.example"}, "/", form, "", []string{"Accept", html}, "block cookies", ""},
		{"no session", false, middleware.CSRFConfig{UseSessions: true}, "/", form, "", []string{"Accept", html}, "session", ""},
		{"a foreign cookie", false, middleware.CSRFConfig{}, "/", form, "", []string{"Cookie", "csrftoken=x"}, "never wrote", "CSRF_COOKIE_NAME"},
		{"a form without a token", false, middleware.CSRFConfig{}, "/", form, "a=b", []string{"Cookie", cookie}, "has no token", ""},
		{"a long form", false, middleware.CSRFConfig{MaxBody: 2}, "/", form, "a=b", []string{"Cookie", cookie}, "so long", "DATA_UPLOAD_MAX_MEMORY_SIZE"},
		{"parts that are none", false, middleware.CSRFConfig{}, "/", "multipart/form-data", "a=b", []string{"Cookie", cookie}, "whole", ""},
		{"JSON", false, middleware.CSRFConfig{}, "/", "application/json", "{}", []string{"Cookie", cookie}, "JSON carries no token", "Guard"},
		{"nothing", false, middleware.CSRFConfig{}, "/", "", "", []string{"Cookie", cookie}, "has no token", ""},
		{"a malformed token", false, middleware.CSRFConfig{}, "/", "", "", []string{"Cookie", cookie, "X-CSRFToken", "x"}, "malformed", ""},
		{"another token", false, middleware.CSRFConfig{}, "/", "", "", []string{"Cookie", cookie, "X-CSRFToken", csrf.NewSecret().Token()}, "not the one of this browser", "CSRF_COOKIE_NAME"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := failure(t, tt.secure, tt.config, tt.path, tt.kind, tt.body, tt.header...)
			if !strings.Contains(f.Cause, tt.cause) || !strings.Contains(f.Setting, tt.settings) || (f.Setting == "") != (tt.settings == "") {
				t.Errorf("%+v", f)
			}
			if f.Visitor == "" || f.Setting != "" && f.Remedy == "" {
				t.Errorf("nobody knows what to do: %+v", f)
			}
		})
	}
}

// TestRefuseEscapes: what a client sent is text in the page (CVE-2008-2302), and
// short.
func TestRefuseEscapes(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{})
	v := g.visitor(t)
	for _, origin := range []string{"https://<script>alert(1)</script>", strings.Repeat("x", 100_000)} {
		response, body := v.send("POST", "/<script>", "", "", "Origin", origin, "Accept", "text/html")
		if response.StatusCode != 403 || strings.Contains(body, "<script>") || len(body) > 10_000 || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d bytes, %v: %.500s", len(body), response.Header, body)
		}
		if logged := g.log.take(); len(logged) > 10_000 || strings.Count(logged, "\n") != 1 {
			t.Errorf("the log has %d bytes: %.500s", len(logged), logged)
		}
	}
	_, body := v.send("POST", "/x", "", "", "Origin", "null", "Accept", "application/json")
	if !strings.HasPrefix(body, `{"error":"The browser said Origin: null`) {
		t.Error(body)
	}
}

func TestCSRFRefusesMistakes(t *testing.T) {
	for _, c := range []middleware.CSRFConfig{
		{CookieName: "a b"},
		{CookiePath: "/;x"},
		{CookieSameSite: "sometimes"},
		{CookieAge: -1},
		{MaxBody: -1},
		{HeaderName: "X CSRF"},
		{HeaderName: "X_CSRF"},
		{TrustedOrigins: []string{"trusted.example"}},
		{TrustedOrigins: []string{"https://trusted.example/"}},
		{TrustedOrigins: []string{"https://*"}},
		{TrustedOrigins: []string{"https://*example.com"}},
		{TrustedOrigins: []string{"https://a.*.example.com"}},
		{TrustedOrigins: []string{"https://user@example.com"}},
		{TrustedOrigins: []string{"ftp://example.com"}},
		{TrustedOrigins: []string{"*"}},
		{TrustedOrigins: []string{"null"}},
		{TrustedOrigins: []string{"https://.example.com"}},
	} {
		if _, err := middleware.CSRF(c); err == nil || !strings.HasPrefix(err.Error(), "middleware: ") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestRefusalEchoesNoToken: a page about a refused form does not show the token that the
// address of the page before it had.
func TestRefusalEchoesNoToken(t *testing.T) {
	const token, query = "EVFH4LJPSW7RH5ZATEWAAWPO5V", "query-canary"
	f := failure(t, true, middleware.CSRFConfig{}, "/", "", "", "Referer", "https://evil.example/not-me/"+token+".")
	if f.Reason != "Referer checking failed - https://evil.example/not-me/EVFH…. does not match any trusted origins." {
		t.Error(f.Reason)
	}
	g := newGuarded(t, false, middleware.CSRFConfig{})
	for _, origin := range []string{"https://evil.example/" + token, token, "https://" + token + "@evil.example?" + query} {
		for _, accept := range []string{"text/html", "application/json"} {
			response, body := g.visitor(t).send("POST", "/"+token, "", "", "Origin", origin, "Accept", accept)
			if log := g.log.take(); response.StatusCode != 403 || strings.Contains(body+log, token[:9]) || strings.Contains(log, query) {
				t.Errorf("%s: %d %s\n%s", origin, response.StatusCode, body, log)
			}
		}
	}
}
