package middleware_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// csrfRecord is a record of the kind request: what Django decided about a
// request, and what its response had.
type csrfRecord struct {
	Note         string
	Method       string
	Cookie       *string
	Post         map[string]string
	Headers      map[string]string
	Secure       bool
	Host         string
	Settings     map[string]any
	UseToken     bool `json:"use_token"`
	Rotate       bool
	Session      map[string]string
	SessionAfter map[string]string `json:"session_after"`
	Status       int
	Reason       *string
	Token        *string
	Vary         *string
	SetCookie    []string `json:"set_cookie"`
	Error        *struct{ Type string }

	old bool // of Django 3.2
}

// newSecret stands for a random one.
const newSecret = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

// outcome is a response in the words of a record.
type outcome struct {
	status    int
	reason    string
	token     string
	vary      string
	setCookie []string
	after     map[string]string
}

// TestCSRFVectors replays every recorded request twice: with the clock stopped,
// to compare the whole response, and over a real connection, of TLS where the record
// is secure, to compare the decision.
func TestCSRFVectors(t *testing.T) {
	agreed, overTCP, notApplying := 0, 0, map[string]int{}
	for _, v := range vectors.Load(t, "csrf") {
		if v.Kind() != "request" {
			continue // the other kinds are held in package csrf
		}
		r := csrfRecord{old: strings.HasPrefix(v.Django(), "3.2.")}
		v.DecodeAll(t, &r)
		if reason := r.notApplying(); reason != "" {
			notApplying[reason]++
			t.Logf("%v does not apply: %s", v, reason)
			continue
		}
		r.visitorsHaveCookies()
		var got *outcome
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Unix(1700000000, 0)))
			got = r.replay(t)
		})
		if wrong := r.compare(got); wrong != "" {
			t.Errorf("%v: %s\n%s", v, wrong, v.JSON)
			continue
		}
		agreed++
		if status, reason, sent := r.replayTCP(t); sent {
			overTCP++
			if want, wantReason := r.want(); status != want || reason != wantReason {
				t.Errorf("%v over a connection: %d %q, want %d %q\n%s", v, status, reason, want, wantReason, v.JSON)
			}
		}
	}
	t.Logf("%d agreed, %d of them over a connection too; not applying: %v", agreed, overTCP, notApplying)
}

// notApplying reports why a record says nothing about this implementation.
func (r *csrfRecord) notApplying() string {
	_, origin := r.Headers["HTTP_ORIGIN"]
	switch {
	case r.old && origin:
		return "Django 3.2 does not look at Origin; all later ones do, as here"
	case r.old && r.Error != nil && r.Error.Type == "builtins.ValueError":
		return "Django 3.2 fails with 500 at a Referer that is no URL; later ones refuse it, as here"
	case r.old && len(r.Session[csrf.SessionKey]) == csrf.SecretLength:
		return "Django 3.2 cannot read the bare secret that a later one left in a session"
	case r.Method == "get":
		return "WSGI makes GET of get; net/http does not, and to a Go view it is no GET, so it is checked here"
	case r.Host == "bad.host":
		return "a host that is not allowed is refused with 400 by Hosts, before anybody asks for tokens"
	}
	return ""
}

// visitorsHaveCookies turns a record in which Django creates a session for a visitor
// without one, only to keep the secret in it, into what is done here: a cookie.
func (r *csrfRecord) visitorsHaveCookies() {
	if secret := r.SessionAfter[csrf.SessionKey]; secret != "" && len(r.Session) == 0 {
		r.SessionAfter, r.SetCookie = nil, []string{"csrftoken=" + secret +
			"; expires=Tue, 12 Nov 2024 22:13:20 GMT; HttpOnly; Max-Age=31449600; Path=/; SameSite=Lax"}
	}
}

// want is the recorded decision. Django 3.2 had one reason for everything about
// tokens.
func (r *csrfRecord) want() (int, string) {
	switch {
	case r.Error != nil: // ImproperlyConfigured
		return http.StatusInternalServerError, ""
	case r.Reason != nil:
		return r.Status, *r.Reason
	}
	return r.Status, ""
}

// spoken is a reason in the words of the recorded version.
func (r *csrfRecord) spoken(reason string) string {
	if r.old && (strings.HasPrefix(reason, "CSRF token ") || strings.HasPrefix(reason, "CSRF cookie has ")) {
		return "CSRF token missing or incorrect."
	}
	return reason
}

// config translates the settings.
func (r *csrfRecord) config(t *testing.T) middleware.CSRFConfig {
	t.Helper()
	c := middleware.CSRFConfig{CookieMasked: r.old}
	for name, v := range r.Settings {
		switch name {
		case "ALLOWED_HOSTS":
		case "CSRF_COOKIE_NAME":
			c.CookieName = v.(string)
		case "CSRF_COOKIE_AGE":
			seconds, ok := v.(float64)
			c.CookieAge, c.ExpireAtBrowserClose = time.Duration(seconds)*time.Second, !ok
		case "CSRF_COOKIE_DOMAIN":
			c.CookieDomain = v.(string)
		case "CSRF_COOKIE_PATH":
			c.CookiePath = v.(string)
		case "CSRF_COOKIE_SECURE":
			c.CookieSecure = v.(bool)
		case "CSRF_COOKIE_HTTPONLY":
			c.CookieHTTPOnly = v.(bool)
		case "CSRF_COOKIE_SAMESITE":
			if c.CookieSameSite, _ = v.(string); c.CookieSameSite == "" {
				c.CookieSameSite = "omit"
			}
		case "CSRF_COOKIE_MASKED":
			c.CookieMasked = v.(bool)
		case "CSRF_HEADER_NAME":
			c.HeaderName = v.(string)
		case "CSRF_USE_SESSIONS":
			c.UseSessions = v.(bool)
		case "CSRF_TRUSTED_ORIGINS":
			for _, origin := range v.([]any) {
				text := origin.(string)
				if r.old { // hosts alone; a dot in front is for subdomains
					text = "https://" + strings.Replace(text, ".", "*.", min(1, strings.Count(text[:1], ".")))
				}
				c.TrustedOrigins = append(c.TrustedOrigins, text)
			}
		default:
			t.Fatalf("unknown setting %s", name)
		}
	}
	return c
}

// handler is the chain with a view that does what the recorded one did. It
// writes what it finds out into got.
func (r *csrfRecord) handler(t *testing.T, store *sessionstest.Memory, got *outcome) http.Handler {
	t.Helper()
	c := r.config(t)
	c.Failure = func(w http.ResponseWriter, _ *http.Request, f middleware.CSRFFailure) {
		got.reason = r.spoken(f.Reason)
		w.WriteHeader(http.StatusForbidden)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	guard, err := middleware.CSRF(c)
	if err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, host := range r.Settings["ALLOWED_HOSTS"].([]any) {
		allowed = append(allowed, host.(string))
	}
	hosts, err := middleware.Hosts(middleware.HostsConfig{Allowed: allowed})
	if err != nil {
		t.Fatal(err)
	}
	chain := middleware.Chain(hosts, guard)
	if r.Session != nil {
		chain = middleware.Chain(hosts, middleware.Sessions(engine(t, sessions.Config{Store: store})), guard)
	}
	return chain(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		if r.Rotate {
			rotate(t, req)
		}
		if r.UseToken {
			if got.token, err = middleware.CSRFToken(req); err != nil {
				t.Error(err)
			}
		}
	}))
}

// request is the recorded one, addressed to a server.
func (r *csrfRecord) request(base string) (*http.Request, error) {
	form := url.Values{}
	for name, value := range r.Post {
		form.Set(name, value)
	}
	request, err := http.NewRequest(r.Method, base+"/", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Host = r.Host
	if len(form) > 0 {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range r.Headers {
		request.Header.Set(strings.ReplaceAll(strings.TrimPrefix(name, "HTTP_"), "_", "-"), value)
	}
	var cookies []string
	if r.Cookie != nil {
		name, _ := r.Settings["CSRF_COOKIE_NAME"].(string)
		if name == "" {
			name = "csrftoken"
		}
		cookies = append(cookies, name+"="+cookieText(*r.Cookie))
	}
	if len(r.Session) > 0 {
		cookies = append(cookies, "sessionid="+oldKey)
	}
	if len(cookies) > 0 {
		request.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	return request, nil
}

// cookieText quotes a value as Python does.
func cookieText(value string) string {
	if strings.Trim(value, csrf.Alphabet+"*") == "" {
		return value
	}
	return `"` + strings.ReplaceAll(value, "\n", `\012`) + `"`
}

func (r *csrfRecord) store() *sessionstest.Memory {
	store := sessionstest.NewMemory()
	if len(r.Session) > 0 {
		text, _ := json.Marshal(r.Session)
		store.Put(oldKey, string(text))
	}
	return store
}

func (r *csrfRecord) replay(t *testing.T) *outcome {
	var got outcome
	store := r.store()
	request, err := r.request("http://server")
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Scheme, request.URL.Host = "", ""
	if r.Secure {
		request.TLS = &tls.ConnectionState{}
	}
	response := httptest.NewRecorder()
	r.handler(t, store, &got).ServeHTTP(response, request)
	got.status, got.vary = response.Code, response.Header().Get("Vary")
	for _, line := range response.Header()["Set-Cookie"] {
		if !strings.HasPrefix(line, "sessionid=") {
			got.setCookie = append(got.setCookie, line)
		}
	}
	got.after = map[string]string{}
	for _, text := range store.Sessions() {
		if err := json.Unmarshal([]byte(text), &got.after); err != nil {
			t.Fatal(err)
		}
	}
	return &got
}

// replayTCP sends the request to a server, if a client can send it.
func (r *csrfRecord) replayTCP(t *testing.T) (status int, reason string, sent bool) {
	t.Helper()
	var got outcome
	start := httptest.NewServer
	if r.Secure {
		start = httptest.NewTLSServer
	}
	server := start(r.handler(t, r.store(), &got))
	defer server.Close()
	request, err := r.request(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range request.Header {
		if strings.ContainsRune(value[0], '\n') || strings.TrimSpace(value[0]) != value[0] {
			return 0, "", false
		}
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, got.reason, true
}

var secretIn = regexp.MustCompile(`[a-zA-Z0-9]{64}|[a-zA-Z0-9]{32}`)

// plain replaces every token of a text by its secret, with its length, and
// random secrets by one word.
func (r *csrfRecord) plain(text string) string {
	return secretIn.ReplaceAllStringFunc(text, func(token string) string {
		secret, err := csrf.Parse(token)
		if err != nil {
			return token
		}
		for _, known := range append([]string{*orEmpty(r.Cookie)}, r.Session[csrf.SessionKey]) {
			if had, err := csrf.Parse(known); err == nil && had == secret {
				return fmt.Sprintf("%d:%s", len(token), secret.Text())
			}
		}
		return fmt.Sprintf("%d:%s", len(token), newSecret)
	})
}

func orEmpty(text *string) *string {
	if text == nil {
		return new(string)
	}
	return text
}

func (r *csrfRecord) compare(got *outcome) string {
	var wrong bytes.Buffer
	check := func(what, got, want string) {
		if got != want {
			fmt.Fprintf(&wrong, "%s: %q, want %q; ", what, got, want)
		}
	}
	status, reason := r.want()
	check("status", fmt.Sprint(got.status), fmt.Sprint(status))
	check("reason", got.reason, reason)
	if r.Error != nil {
		return wrong.String()
	}
	check("token", r.plain(got.token), r.plain(*orEmpty(r.Token)))
	replaced := r.old && status == http.StatusForbidden && r.Cookie != nil && len(r.SetCookie) == 0 && len(got.setCookie) == 1
	if !replaced { // Django 3.2 replaces a malformed cookie only where a token is used
		check("Set-Cookie", r.plain(strings.Join(got.setCookie, "\n")), r.plain(strings.Join(r.SetCookie, "\n")))
		if r.Session == nil { // the session middleware sets it too
			check("Vary", got.vary, *orEmpty(r.Vary))
		}
	}
	check("session", r.plain(fmt.Sprint(got.after)), r.plain(fmt.Sprint(nonNil(r.SessionAfter))))
	return wrong.String()
}

func nonNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
