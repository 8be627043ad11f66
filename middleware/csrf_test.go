package middleware_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

// guarded is a site with four views: /form responds with a token, /cart puts something
// into the session, /login signs in, and every other address responds with a digest of
// the body it read.
type guarded struct {
	*httptest.Server
	log   *logBuffer
	store *sessionstest.Memory
}

func newGuarded(t testing.TB, secure bool, c middleware.CSRFConfig, outer ...func(http.Handler) http.Handler) *guarded {
	t.Helper()
	g := &guarded{log: &logBuffer{}, store: sessionstest.NewMemory()}
	c.Logger = slog.New(slog.NewTextHandler(g.log, nil))
	guard, err := middleware.CSRF(c)
	if err != nil {
		t.Fatal(err)
	}
	service, err := auth.New(auth.Config{Users: someUsers{}, Keys: signing.Keys{Secret: "a key"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	chain := append(outer, middleware.Sessions(engine(t, sessions.Config{Store: g.store})), guard, middleware.Authentication(service))
	g.Server = start(t, secure, middleware.Chain(chain...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/form":
			token, err := middleware.CSRFToken(r)
			if err != nil {
				middleware.Fail(w, r, err)
				return
			}
			fmt.Fprint(w, token)
		case "/cart":
			write(w, r)
		case "/login":
			if err := service.Login(r, &auth.User{ID: "1", Username: "ada"}); err != nil {
				middleware.Fail(w, r, err)
			}
		default:
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%d %x %v", len(body), sha256.Sum256(body), err)
		}
	})))
	return g
}

// someUsers are users who can sign in, and no more.
type someUsers struct{ auth.Users }

// SetLastLogin does nothing.
func (someUsers) SetLastLogin(context.Context, string, time.Time) error { return nil }

// rotate signs somebody in, on a session that is thrown away.
func rotate(t *testing.T, req *http.Request) {
	t.Helper()
	service, err := auth.New(auth.Config{Users: someUsers{}, Keys: signing.Keys{Secret: "a key"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx := sessions.NewContext(req.Context(), engine(t, sessions.Config{Store: sessionstest.NewMemory()}).Session(""))
	if err := service.Login(req.WithContext(service.NewContext(ctx, nil)), &auth.User{ID: "1", Username: "ada"}); err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser with a jar of cookies.
type visitor struct {
	t testing.TB
	*guarded
	client *http.Client
}

func (g *guarded) visitor(t testing.TB) *visitor {
	c := newClient(t)
	c.Transport = g.Client().Transport
	return &visitor{t, g, c}
}

// token gets a form and returns its token; the cookie goes into the jar.
func (v *visitor) token() string {
	v.t.Helper()
	_, token := fetch(v.t, v.client, request(v.t, "GET", v.URL+"/form", ""))
	if len(token) != csrf.TokenLength {
		v.t.Fatalf("token %q", token)
	}
	return token
}

// post sends a form with the token, as that page of a browser.
func (v *visitor) post(path, token string, header ...string) (*http.Response, string) {
	v.t.Helper()
	form := url.Values{"a": {"b"}, csrf.FormField: {token}}.Encode()
	return v.send("POST", path, "application/x-www-form-urlencoded", form, header...)
}

func (v *visitor) send(method, path, kind, body string, header ...string) (*http.Response, string) {
	v.t.Helper()
	r := request(v.t, method, v.URL+path, body, header...)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return fetch(v.t, v.client, r)
}

// reason is what was logged about a refusal.
func (g *guarded) reason() string {
	_, after, _ := strings.Cut(g.log.take(), `msg="Forbidden (`)
	reason, _, _ := strings.Cut(after, "): ")
	return reason
}

// TestCSRFLive: Origin and Referer, over TCP and TLS. In server requests r.URL has
// neither scheme nor host; forgetting that was CVE-2025-24358 and CVE-2025-46721.
func TestCSRFLive(t *testing.T) {
	const noMatch = " does not match any trusted origins."
	for _, secure := range []bool{false, true} {
		g := newGuarded(t, secure, middleware.CSRFConfig{TrustedOrigins: []string{"https://trusted.example", "https://*.wild.example"}})
		v := g.visitor(t)
		token := v.token()
		host := strings.TrimPrefix(strings.TrimPrefix(g.URL, "https://"), "http://")
		other := map[bool]string{false: "https://", true: "http://"}[secure]
		for _, tt := range []struct {
			header, value string
			good          bool
		}{
			{"Origin", g.URL, true},
			{"Origin", other + host, false},
			{"Origin", g.URL + "/", false},
			{"Origin", g.URL + "0", false},
			{"Origin", strings.TrimRight(g.URL, "0123456789") + "1", false},
			{"Origin", "null", false},
			{"Origin", "", false},
			{"Origin", "https://sub." + host, false},
			{"Origin", g.URL + ".evil.example", false},
			{"Origin", "https://user@" + host, false},
			{"Origin", "https://trusted.example", true},
			{"Origin", "http://trusted.example", false}, // CVE-2025-47909
			{"Origin", "https://trusted.example:443", false},
			{"Origin", "https://TRUSTED.example", false},
			{"Origin", "https://a.b.wild.example", true},
			{"Origin", "https://wild.example", true},
			{"Origin", "https://notwild.example", false},
			{"Origin", "http://a.wild.example", false},
			{"Origin", "https://evil.example/.wild.example", false},
			{"Referer", g.URL + "/form?x#y", true},
			{"Referer", "https://trusted.example/x", true},
			{"Referer", "https://a.wild.example/x", true},
			{"Referer", "https://evil.example/" + g.URL, !secure},
			{"Referer", "https://" + host + "@evil.example/", !secure},
			{"Referer", g.URL + ".evil.example/", !secure},
		} {
			response, _ := v.post("/x", token, tt.header, tt.value)
			if (response.StatusCode == 200) != tt.good || !tt.good && response.StatusCode != 403 {
				t.Errorf("TLS %v, %s %q: %d", secure, tt.header, tt.value, response.StatusCode)
			}
			if got := g.reason(); !tt.good && !strings.HasSuffix(got, noMatch) {
				t.Errorf("TLS %v, %s %q: %s", secure, tt.header, tt.value, got)
			}
		}
		response, _ := v.post("/x", token)
		if got := g.reason(); (response.StatusCode == 200) == secure || secure && got != "Referer checking failed - no Referer." {
			t.Errorf("TLS %v, neither: %d %s", secure, response.StatusCode, got)
		}
		response, _ = v.post("/x", token, "Referer", "http://"+host+"/")
		if got := g.reason(); (response.StatusCode == 200) == secure || secure && got != "Referer checking failed - Referer is insecure while host is secure." {
			t.Errorf("TLS %v, a Referer of http: %d %s", secure, response.StatusCode, got)
		}
	}
}

// TestCSRFMethods: what is not known to be safe is checked, and no header that a
// form cannot send is taken for a token (CVE-2011-0696).
func TestCSRFMethods(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{})
	v := g.visitor(t)
	token := v.token()
	for method, safe := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "TRACE": true,
		"POST": false, "PUT": false, "PATCH": false, "DELETE": false, "PROPFIND": false, "get": false, "post": false, "GETX": false,
	} {
		if response, _ := v.send(method, "/x", "", "", "X-Requested-With", "XMLHttpRequest"); (response.StatusCode == 200) != safe {
			t.Errorf("%s without a token: %d", method, response.StatusCode)
		}
		if response, _ := v.send(method, "/x", "", "", "X-CSRFToken", token); response.StatusCode != 200 {
			t.Errorf("%s with a token in the header: %d", method, response.StatusCode)
		}
	}
}

// TestCSRFCookie: its bytes, its place before the session's, Vary, and that none
// is sent unasked.
func TestCSRFCookie(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{})
	v := g.visitor(t)
	if response, _ := v.send("GET", "/x", "", ""); response.Header["Set-Cookie"] != nil || response.Header.Get("Vary") != "" {
		t.Errorf("unasked: %v", response.Header)
	}
	before := v.token()
	again := v.token()
	if before == again || before[:32] == again[:32] || before[32:] == again[32:] {
		t.Error("two forms have the same token")
	}
	secret := v.secret()
	response, _ := v.post("/login", again)
	cookies := response.Header["Set-Cookie"]
	if len(cookies) != 2 || !strings.HasPrefix(cookies[0], "csrftoken=") || !strings.HasPrefix(cookies[1], "sessionid=") || response.Header.Get("Vary") != "Cookie" {
		t.Fatalf("after the login: %v", response.Header)
	}
	if !strings.HasSuffix(cookies[0], "; Max-Age=31449600; Path=/; SameSite=Lax") || v.secret() == secret {
		t.Errorf("after the login the cookie is %s, with the secret of before: %v", cookies[0], v.secret() == secret)
	}
	if response, _ := v.post("/x", before); response.StatusCode != 403 || g.reason() != "CSRF token from POST incorrect." {
		t.Errorf("a token from before the login: %d", response.StatusCode)
	}
	if response, _ := v.post("/x", v.token()); response.StatusCode != 200 {
		t.Errorf("a token from after the login: %d", response.StatusCode)
	}
}

// secret is the one in the jar.
func (v *visitor) secret() string {
	u, _ := url.Parse(v.URL)
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == "csrftoken" {
			return c.Value
		}
	}
	return ""
}

// TestCSRFForeignCookie: a malformed cookie is never stored nor echoed, and
// nothing passes with it (CVE-2010-3082, CVE-2020-36564); and one cookie cannot be
// smuggled into another (CVE-2016-7401).
func TestCSRFForeignCookie(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{})
	for _, cookie := range []string{`"><script>`, "", strings.Repeat("*", 32), strings.Repeat("a", 33)} {
		for _, token := range []string{cookie, "", strings.Repeat("a", 32), strings.Repeat("a", 64)} {
			response, body := g.visitor(t).post("/x", token, "Cookie", "csrftoken="+cookie)
			fresh := response.Header.Get("Set-Cookie")
			if response.StatusCode != 403 || !strings.HasPrefix(fresh, "csrftoken=") || strings.Contains(body+fresh, "<script>") || len(fresh) < 42 {
				t.Errorf("cookie %q, token %q: %d %q", cookie, token, response.StatusCode, fresh)
			}
		}
	}
	good := csrf.NewSecret()
	evil := csrf.NewSecret()
	header := "ga=x]csrftoken=" + evil.Text() + "; csrftoken=" + good.Text()
	if response, _ := g.visitor(t).post("/x", evil.Token(), "Cookie", header); response.StatusCode != 403 {
		t.Errorf("the smuggled secret: %d", response.StatusCode)
	}
	if response, _ := g.visitor(t).post("/x", good.Token(), "Cookie", header); response.StatusCode != 200 {
		t.Errorf("the good secret: %d", response.StatusCode)
	}
}

// TestCSRFInSessions: the secret of a visitor who has a session is bound to it, no
// cookie is sent, and the session is asked only where it has to be.
func TestCSRFInSessions(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	a, b := g.visitor(t), g.visitor(t)
	a.send("GET", "/x", "", "")
	if log := g.store.Log(); len(log) != 0 {
		t.Errorf("a page without a form cost %v", log)
	}
	a.send("GET", "/cart", "", "")
	b.send("GET", "/cart", "", "")
	tokenA, tokenB := a.token(), b.token()
	if a.secret() != "" {
		t.Error("a cookie was sent")
	}
	if response, _ := a.post("/x", tokenA); response.StatusCode != 200 {
		t.Errorf("own token: %d", response.StatusCode)
	}
	if response, _ := a.post("/x", tokenB); response.StatusCode != 403 || g.reason() != "CSRF token from POST incorrect." {
		t.Errorf("the token of another session: %d", response.StatusCode)
	}
	if response, _ := a.post("/x", tokenA, "Cookie", "csrftoken="+strings.Repeat("a", 32)); response.StatusCode != 200 {
		t.Errorf("with a cookie that means nothing: %d", response.StatusCode)
	}
	a.post("/login", tokenA)
	if response, _ := a.post("/x", tokenA); response.StatusCode != 403 {
		t.Errorf("a token from before the login: %d", response.StatusCode)
	}
	g.log.take()
	if response, _ := g.visitor(t).post("/x", tokenA); response.StatusCode != 403 || g.reason() != "CSRF cookie not set." {
		t.Errorf("without a session: %d", response.StatusCode)
	}
	for _, malformed := range []string{`{"_csrftoken":""}`, `{"_csrftoken":5}`, `{"_csrftoken":"short"}`, `{"_csrftoken":null}`} {
		g.store.Put(oldKey, malformed)
		for _, token := range []string{"", "short", strings.Repeat("a", 32)} {
			response, _ := g.visitor(t).post("/x", token, "Cookie", "sessionid="+oldKey)
			if got := g.reason(); response.StatusCode != 403 || got != "CSRF cookie not set." {
				t.Errorf("%s, token %q: %d %s", malformed, token, response.StatusCode, got)
			}
		}
	}
}

// TestCSRFNeedsSessions: wrong wiring and failures are told from refusals.
func TestCSRFNeedsSessions(t *testing.T) {
	guard, err := middleware.CSRF(middleware.CSRFConfig{UseSessions: true})
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, false, guard(http.HandlerFunc(hello)))
	if response, _ := fetch(t, newClient(t), request(t, "POST", server.URL, "")); response.StatusCode != 500 {
		t.Errorf("without sessions: %d", response.StatusCode)
	}
	g := newGuarded(t, false, middleware.CSRFConfig{UseSessions: true})
	v := g.visitor(t)
	v.send("GET", "/cart", "", "")
	token := v.token()
	g.store.FailWith(errOutage)
	if response, _ := v.post("/x", token); response.StatusCode != 503 {
		t.Errorf("a check in an outage: %d", response.StatusCode)
	}
	if response, _ := v.send("GET", "/form", "", ""); response.StatusCode != 503 {
		t.Errorf("a form in an outage: %d", response.StatusCode)
	}
}

// TestCSRFTwice: a request is checked once, and an inner check holds for what the
// outer one exempts.
func TestCSRFTwice(t *testing.T) {
	inner, err := middleware.CSRF(middleware.CSRFConfig{})
	if err != nil {
		t.Fatal(err)
	}
	outer, err := middleware.CSRF(middleware.CSRFConfig{Exempt: middleware.ExemptPaths("/x")})
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, false, outer(inner(http.HandlerFunc(hello))))
	secret := csrf.NewSecret()
	for path, token := range map[string]string{"/x": "", "/y": "", "/x?": secret.Token(), "/y?": secret.Token()} {
		r := request(t, "POST", server.URL+path, "", "X-CSRFToken", token, "Cookie", "csrftoken="+secret.Text())
		if response, _ := fetch(t, newClient(t), r); (response.StatusCode == 200) != (token != "") || len(response.Header["Set-Cookie"]) != 0 {
			t.Errorf("%s with %q: %d %v", path, token, response.StatusCode, response.Header)
		}
	}
}

// TestCSRFTokenTooLate: the cookie cannot go out any more, and the log says so.
func TestCSRFTokenTooLate(t *testing.T) {
	var log logBuffer
	guard, err := middleware.CSRF(middleware.CSRFConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, false, guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hello(w, r)
		if _, err := middleware.CSRFToken(r); err != nil {
			t.Error(err)
		}
	})))
	fetch(t, newClient(t), request(t, "GET", server.URL, ""))
	if got := log.take(); !strings.Contains(got, "after the response had begun") {
		t.Errorf("the log says %q", got)
	}
}

// TestWithoutCSRF: pages for both guards need no condition.
func TestWithoutCSRF(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	token, err := middleware.CSRFToken(r)
	field, fieldErr := middleware.CSRFField(r)
	if token != "" || field != "" || err != nil || fieldErr != nil {
		t.Errorf("%q %q %v %v", token, field, err, fieldErr)
	}
}
