package coatcheck_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/flow/flowlog"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/internal/softissuer"
	"github.com/coatcheck/coatcheck/metrics"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/views"
)

const reasonPassword = "reason-canary-7001"

// bindingID is the ID of a binding to a device.
var bindingID = strings.Repeat("A", 26)

func deviceBound(c *coatcheck.Config) {
	c.Views.Extras = []views.Extra{devicebound.New(devicebound.Options{})}
}

// reasonRig is a site to which all listen who name reasons.
type reasonRig struct {
	*coatchecktest.Client
	t         *testing.T
	site      *coatchecktest.Site
	ada       *auth.User
	log       bytes.Buffer
	trace     string
	numbers   *metrics.Metrics
	inspector *inspector.Inspector
	config    coatcheck.Config
	report    *explain.Report // about the last request
	reportErr error
}

func newReasonRig(t *testing.T, configure func(*coatcheck.Config)) *reasonRig {
	r := &reasonRig{t: t}
	r.site = coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Site.Logger = slog.New(slog.DiscardHandler)
		if configure != nil {
			configure(c)
		}
		r.config = *c
	})
	r.ada = r.site.CreateUser("ada", reasonPassword)
	mux := http.NewServeMux()
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/accounts/", r.site.Views)
	mux.Handle("/members/", r.site.RequireUser(nothing))
	mux.Handle("/staff/", r.site.RequirePermission("polls.add_poll")(nothing))
	mux.Handle("/fresh/", r.site.Fresh(time.Minute)(nothing))
	mux.HandleFunc("/interrupted/", func(w http.ResponseWriter, q *http.Request) {
		session, err := sessions.FromContext(q.Context())
		if err != nil {
			panic(err)
		}
		_, _, _ = session.Get(q.Context(), "a")
		if err := r.site.Database.DeleteSession(q.Context(), string(session.Key())); err != nil {
			panic(err)
		}
		_ = session.Set(q.Context(), "a", 1)
	})
	r.numbers = metrics.New(r.site.Site)
	var err error
	if r.inspector, err = inspector.New(inspector.Config{Kit: r.site.Views.Kit}); err != nil {
		t.Fatal(err)
	}
	logged := flowlog.New(slog.New(slog.NewJSONHandler(&r.log, nil)))
	traced := middleware.Trace(func(block string) { r.trace = block })
	r.Client = r.site.NewClient(r.explainFirst(r.numbers.Record(logged(r.inspector.Record(traced(r.site.Handler(mux)))))))
	return r
}

// form sends the login form.
func (r *reasonRig) login(pass string, header ...string) {
	form := url.Values{"username": {"ada"}, "password": {pass}}
	q := r.NewRequest(http.MethodPost, "/accounts/login/", strings.NewReader(form.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	r.Do(q)
}

func (r *reasonRig) get(path string, header ...string) {
	q := r.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		q.Header.Add(header[i], header[i+1])
	}
	if host := q.Header.Get("Host"); host != "" {
		q.Host = host
	}
	r.Do(q)
}

// session signs ada in and changes what her session holds.
func (r *reasonRig) session(key string, value any) {
	r.ForceLogin(r.ada)
	session := r.Session()
	if err := session.Set(r.t.Context(), key, value); err != nil {
		r.t.Fatal(err)
	}
	if err := session.Save(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// toCode adds an app to ada's account and logs in with her password, so that a code is asked for.
func (r *reasonRig) toCode(accept string) {
	r.ForceLogin(r.ada)
	var o offered
	r.Get("/accounts/two_factor/add/").JSON(&o)
	p := &phone{t: r.t, secret: strings.ReplaceAll(o.Key, " ", "")}
	r.PostJSON("/accounts/two_factor/add/", map[string]string{"code": p.at(0), "password": reasonPassword})
	r.Post("/accounts/logout/", nil)
	r.login(reasonPassword, "Accept", accept)
}

// deactivate stores ada as inactive.
func (r *reasonRig) deactivate() {
	inactive := *r.ada
	inactive.IsActive = false
	if err := r.site.Database.UpdateUser(r.t.Context(), &inactive); err != nil {
		r.t.Fatal(err)
	}
}

// row signs ada in and writes another text into the row of her session.
func (r *reasonRig) row(data string) {
	r.ForceLogin(r.ada)
	key := string(r.Session().Key())
	row, err := r.site.Database.SessionByKey(r.t.Context(), key, time.Now())
	if err == nil {
		err = r.site.Database.UpdateSession(r.t.Context(), database.Session{Key: key, Data: data, Expires: row.Expires}, row.Data)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func django(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardDjango }

var https = []string{"X-Forwarded-Proto", "https"}

func proxied(c *coatcheck.Config) {
	django(c)
	c.Web.TrustedProxies = []string{"127.0.0.1"}
}

func limit(account, address int) func(*coatcheck.Config) {
	return func(c *coatcheck.Config) {
		c.Logins.Throttle.Account = throttle.Limit{Burst: account, Every: time.Hour}
		c.Logins.Throttle.Address = throttle.Limit{Burst: address, Every: time.Hour}
	}
}

// reasonCases provoke each reason by a real request, the last one that they send.
var reasonCases = map[string]struct {
	configure func(*coatcheck.Config)
	provoke   func(*reasonRig)
}{
	"no-cookie":       {nil, func(r *reasonRig) { r.get("/members/") }},
	"session-unknown": {nil, func(r *reasonRig) { r.get("/members/", "Cookie", "sessionid="+sessions.NewKey()) }},
	"session-expired": {func(c *coatcheck.Config) {
		c.Sessions.CookieAge = time.Second
		store, err := cookiestore.NewIrrevocable(cookiestore.Config{
			Signing: sessions.CodecConfig{Keys: c.Keys}, CookieAge: time.Second,
		})
		if err != nil {
			panic(err)
		}
		c.Sessions.Store = store
	}, func(r *reasonRig) {
		r.ForceLogin(r.ada)
		key := string(r.Session().Key())
		time.Sleep(2100 * time.Millisecond)
		r.get("/members/", "Cookie", "sessionid="+key)
	}},
	"session-unreadable": {nil, func(r *reasonRig) {
		codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: coatcheck.Keys{Secret: coatchecktest.SecretKey}, Serializer: sessions.PickleSerializer})
		if err != nil {
			r.t.Fatal(err)
		}
		text, err := codec.Encode(sessions.Data{})
		if err != nil {
			r.t.Fatal(err)
		}
		r.row(text)
		r.get("/members/")
	}},
	"signature-mismatch": {nil, func(r *reasonRig) { r.row("e30:1abcde:canary"); r.get("/members/") }},
	"store-failed": {nil, func(r *reasonRig) {
		r.ForceLogin(r.ada)
		if err := r.site.Database.Close(); err != nil {
			r.t.Fatal(err)
		}
		r.get("/members/")
	}},
	"session-interrupted": {nil, func(r *reasonRig) { r.ForceLogin(r.ada); r.get("/interrupted/") }},
	"https-required": {func(c *coatcheck.Config) {
		c.Web.Security = &middleware.SecurityConfig{SSLRedirect: true, SSLHost: "a.example"}
	}, func(r *reasonRig) { r.get("/members/") }},
	"host-not-allowed": {func(c *coatcheck.Config) { c.Web.AllowedHosts = []string{"a.example"} }, func(r *reasonRig) { r.get("/members/") }},
	"proxy-header-invalid": {func(c *coatcheck.Config) {
		proxied(c)
		c.Web.Proxy.ForwardedHost = true
	}, func(r *reasonRig) { r.get("/members/", "X-Forwarded-Host", "a b") }},
	"cross-origin":          {func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardCrossOrigin }, func(r *reasonRig) { r.login(reasonPassword, "Origin", "https://evil.example") }},
	"csrf-origin-untrusted": {django, func(r *reasonRig) { r.login(reasonPassword, "Origin", "https://evil.example") }},
	"csrf-referer-missing":  {proxied, func(r *reasonRig) { r.login(reasonPassword, https...) }},
	"csrf-referer-malformed": {proxied, func(r *reasonRig) {
		r.login(reasonPassword, append(https, "Referer", "canary")...)
	}},
	"csrf-referer-insecure": {proxied, func(r *reasonRig) {
		r.login(reasonPassword, append(https, "Referer", "http://a.example/")...)
	}},
	"csrf-referer-untrusted": {proxied, func(r *reasonRig) {
		r.login(reasonPassword, append(https, "Referer", "https://evil.example/")...)
	}},
	"csrf-cookie-missing":   {django, func(r *reasonRig) { r.login(reasonPassword) }},
	"csrf-cookie-malformed": {django, func(r *reasonRig) { r.login(reasonPassword, "Cookie", "csrftoken=x") }},
	"csrf-token-missing":    {django, func(r *reasonRig) { r.login(reasonPassword, "Cookie", "csrftoken="+strings.Repeat("a", 32)) }},
	"csrf-token-malformed": {django, func(r *reasonRig) {
		r.login(reasonPassword, "Cookie", "csrftoken="+strings.Repeat("a", 32), "X-CSRFToken", "x")
	}},
	"csrf-token-wrong": {django, func(r *reasonRig) {
		r.login(reasonPassword, "Cookie", "csrftoken="+strings.Repeat("a", 32), "X-CSRFToken", strings.Repeat("b", 32))
	}},
	"remote-user-twice": {func(c *coatcheck.Config) {
		c.Web.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User", Trusted: []string{"127.0.0.1"}}
	}, func(r *reasonRig) { r.get("/members/", "X-Remote-User", "ada", "X-Remote-User", "bob") }},
	"backend-not-configured": {nil, func(r *reasonRig) { r.session(sessionkeys.Backend, "a.Backend"); r.get("/members/") }},
	"session-too-old": {func(c *coatcheck.Config) { c.Logins.MaxAge = time.Hour }, func(r *reasonRig) {
		r.session(sessionkeys.Began, 1)
		r.get("/members/")
	}},
	"user-gone": {nil, func(r *reasonRig) { r.session(sessionkeys.UserID, "4711"); r.get("/members/") }},
	"user-inactive": {nil, func(r *reasonRig) {
		r.ForceLogin(r.ada)
		r.deactivate()
		r.get("/members/")
	}},
	"auth-hash-mismatch": {nil, func(r *reasonRig) { r.session(sessionkeys.Hash, strings.Repeat("0", 64)); r.get("/members/") }},
	"session-ended": {nil, func(r *reasonRig) {
		r.ForceLogin(r.ada)
		if _, err := own.New(r.site.Database).NextEnding(r.t.Context(), r.ada.ID, time.Now()); err != nil {
			r.t.Fatal(err)
		}
		r.get("/members/")
	}},
	"throttled-account": {limit(1, 99), func(r *reasonRig) { r.login("wrong"); r.login("wrong") }},
	"throttled-device": {func(c *coatcheck.Config) {
		c.Logins.Throttle.Device = throttle.Limit{Burst: 1, Every: time.Hour}
	}, func(r *reasonRig) { r.login(reasonPassword); r.login("wrong"); r.login("wrong") }},
	"login-refused": {func(c *coatcheck.Config) {
		passwords, err := password.New(c.Passwords.Hashing)
		if err != nil {
			panic(err)
		}
		c.Logins.Backends = []auth.Backend{&auth.ModelBackend{Users: c.Database, Passwords: passwords, AllowInactive: true}}
	}, func(r *reasonRig) { r.deactivate(); r.login(reasonPassword) }},
	"throttled-address": {limit(99, 1), func(r *reasonRig) { r.login("wrong"); r.login("wrong") }},
	"too-many-hashes": {func(c *coatcheck.Config) {
		c.Passwords.Hashing = password.Config{
			Workers: 1, MaxWait: time.Nanosecond, Hashers: []password.Hasher{password.Argon2{Memory: 64 << 10, Time: 4, Parallelism: 1}},
		}
	}, func(r *reasonRig) {
		slow := r.site.NewClient(r.site.Handler(r.site.Views))
		done := make(chan struct{})
		go func() {
			defer close(done)
			slow.Post("/accounts/login/", url.Values{"username": {"ada"}, "password": {"wrong"}})
		}()
		for r.site.Auth.Passwords().Load().Running == 0 {
			time.Sleep(time.Millisecond)
		}
		r.login(reasonPassword)
		<-done
	}},
	"wrong-credentials": {nil, func(r *reasonRig) { r.login("wrong-canary") }},
	"step-wanted":       {nil, func(r *reasonRig) { r.toCode("application/json") }},
	"wrong-code": {nil, func(r *reasonRig) {
		r.toCode("text/html")
		r.PostJSON("/accounts/login/code/", map[string]string{"code": "123456"})
	}},
	"wrong-passkey": {func(c *coatcheck.Config) {
		c.Views.Extras = []views.Extra{passkeys.New(passkeys.Options{})}
	}, func(r *reasonRig) {
		r.URL.Host = "localhost:" + r.URL.Port()
		r.PostJSON("/accounts/passkeys/login/", map[string]string{"credential": "{}"})
	}},
	"device-unbound": {deviceBound, func(r *reasonRig) { r.session(sessionkeys.Bound, bindingID+":1"); r.get("/members/") }},
	"device-proof-wanted": {deviceBound, func(r *reasonRig) {
		r.session(sessionkeys.Bound, bindingID+":1")
		if err := own.New(r.site.Database).InsertDeviceBinding(r.t.Context(), own.DeviceBinding{
			ID: bindingID, UserID: r.ada.ID, Created: time.Now(), Expires: time.Now().Add(time.Hour),
		}); err != nil {
			r.t.Fatal(err)
		}
		q := r.NewRequest(http.MethodPost, "/accounts/device/refresh/", nil)
		q.Header.Set("Sec-Secure-Session-Id", bindingID)
		r.Do(q)
	}},
	"wrong-device-proof": {deviceBound, func(r *reasonRig) { r.Post("/accounts/device/register/", nil) }},
	"proof-wrong": {nil, func(r *reasonRig) {
		r.ForceLogin(r.ada)
		r.PostJSON("/accounts/confirm/", map[string]string{})
	}},
	"oidc-state":    {atProvider(false, asItIs), func(r *reasonRig) { r.get(atProviderURL + "callback/?state=x&code=x") }},
	"oidc-refused":  {atProvider(false, func(i *softissuer.Issuer) { i.Refuse = "access_denied" }), (*reasonRig).throughProvider},
	"oidc-invalid":  {atProvider(false, func(i *softissuer.Issuer) { i.Iss = "https://x.example" }), (*reasonRig).throughProvider},
	"oidc-unlinked": {atProvider(false, asItIs), (*reasonRig).throughProvider},
	"oidc-taken":    {atProvider(false, asItIs), (*reasonRig).linkTaken},
	"oidc-exists": {atProvider(true, func(i *softissuer.Issuer) {
		i.More = softissuer.Claims{"preferred_username": "ADA"}
	}), (*reasonRig).throughProvider},
	"oidc-nameless": {atProvider(true, asItIs), (*reasonRig).throughProvider},
	"provider-failed": {atProvider(false, func(i *softissuer.Issuer) {
		i.Before = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	}), (*reasonRig).throughProvider},
	"oidc-logout-refused": {atProvider(false, asItIs), func(r *reasonRig) {
		r.Post(atProviderURL+"backchannel-logout/", url.Values{"logout_token": {"x"}})
	}},
	"form-incomplete":    {nil, func(r *reasonRig) { r.Post("/accounts/login/", url.Values{"username": {"ada"}}) }},
	"form-invalid":       {nil, func(r *reasonRig) { r.Post("/accounts/signup/", url.Values{"username": {"ada"}, "password": {"x"}}) }},
	"page-refused":       {nil, func(r *reasonRig) { r.get("/accounts/nowhere/") }},
	"link-invalid":       {nil, func(r *reasonRig) { r.get("/accounts/reset/MQ/" + reasonToken + "/") }},
	"login-required":     {nil, func(r *reasonRig) { r.loggedOut(); r.get("/members/") }},
	"proof-wanted":       {nil, func(r *reasonRig) { r.session(sessionkeys.LoginTime, 1); r.get("/fresh/") }},
	"permission-missing": {nil, func(r *reasonRig) { r.ForceLogin(r.ada); r.get("/staff/") }},
	"acting-as-another":  {nil, func(r *reasonRig) { r.session("_impersonate", "2"); r.get("/accounts/password_change/") }},
	flow.NotSaid:         {nil, func(r *reasonRig) { r.get("/nowhere/") }},
}

// undecided are the reasons that decide no request, and why.
var undecided = map[string]string{
	"peer-not-trusted":    "the request is served as that of a visitor",
	"hash-not-comparable": "as password-unusable, which TestReasonsOfSteps has",
	"not-signed-in":       "the guard's own reason decides, see TestReasonsOfSteps",
	"password-unusable":   "the login has the reason wrong-credentials, see TestReasonsOfSteps",
	"email-queue-full":    "the page decides what comes of it",
	"email-not-sent":      "emails are sent behind requests",
}

// TestReasons: a real request provokes each reason code; the log, the metrics, the inspector and the
// trace name it, and no other, and none of them has a secret.
func TestReasons(t *testing.T) {
	all := map[string]bool{flow.NotSaid: true}
	for _, m := range flow.Codes() {
		if m.Reason != "" {
			all[m.Reason] = true
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		test, ok := reasonCases[reason]
		if !ok {
			if undecided[reason] == "" {
				t.Errorf("%s: no case provokes it", reason)
			}
			continue
		}
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := newReasonRig(t, test.configure)
			test.provoke(r)
			r.check(reason)
			r.checkExplained(reason)
		})
	}
	for reason := range reasonCases {
		if !all[reason] {
			t.Errorf("%s is no reason", reason)
		}
	}
}

// refusedLogins are reasons by which a login is refused: a wrong password, code or passkey.
var refusedLogins = []string{"wrong-credentials", "wrong-code", "wrong-passkey"}

var refusalLine = regexp.MustCompile(`coatcheck_requests_total\{reason="([^"]+)",verdict="(?:refused|failed)"\} \d+`)

// check compares what all say of the last request.
func (r *reasonRig) check(want string) {
	r.t.Helper()
	lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
	var record struct{ Reason, Code string }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &record); err != nil || record.Reason != want {
		r.t.Errorf("the log names %q, %v:\n%s\n%s", record.Reason, err, r.log.String(), r.trace)
	}
	w := httptest.NewRecorder()
	r.numbers.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	named := refusalLine.FindAllStringSubmatch(w.Body.String(), -1)
	if !slices.ContainsFunc(named, func(m []string) bool { return m[1] == want }) ||
		len(named) > 1 && !strings.HasPrefix(want, "throttled-") { // which come after a wrong password
		r.t.Errorf("the metrics name %q", named)
	}
	login := fmt.Sprintf("coatcheck_logins_total{outcome=%q,reason=%q} 1", "refused", want)
	if slices.Contains(refusedLogins, want) && !strings.Contains(w.Body.String(), login) {
		r.t.Errorf("the metrics have no %s: %s", login, w.Body)
	}
	if record.Code != "" && !strings.Contains(r.trace, sentenceStart(flow.Code(record.Code))) {
		r.t.Errorf("the trace lacks %s:\n%s", record.Code, r.trace)
	}
	for _, text := range []string{r.log.String(), w.Body.String(), r.trace} {
		for _, secret := range r.secrets() {
			if strings.Contains(text, secret) {
				r.t.Errorf("a secret is in %s", text)
			}
		}
	}
	if want == "store-failed" { // without its database the inspector knows no superuser
		return
	}
	q := httptest.NewRequest(http.MethodGet, "/inspector/", http.NoBody)
	q.RemoteAddr, q.Host = "127.0.0.1:1", "127.0.0.1"
	q.Header.Set("Accept", "application/json")
	seen := httptest.NewRecorder()
	plain := r.site.Auth.NewContext(sessions.NewContext(q.Context(), r.site.Sessions.Session("")), nil)
	r.inspector.ServeHTTP(seen, q.WithContext(plain))
	var list struct{ Requests []struct{ Refusal string } }
	if err := json.Unmarshal(seen.Body.Bytes(), &list); err != nil || len(list.Requests) == 0 || list.Requests[0].Refusal != want {
		r.t.Errorf("the inspector names %+v, %v: %d %.200s", list.Requests, err, seen.Code, seen.Body)
	}
}

// sentenceStart is a sentence up to its first attribute.
func sentenceStart(c flow.Code) string {
	start, _, _ := strings.Cut(c.Sentence(), "{")
	return start
}
