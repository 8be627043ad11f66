package coatcheck_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/sessions"
)

// reasonToken has the form of a token of a link to reset a password.
const reasonToken = "cx1234-0123456789abcdef0123456789abcdef"

// unexplained are the reasons that coatcheck explain does not find in a request: it asks the session,
// the links and the middleware, and sends nothing.
var unexplained = []string{
	"acting-as-another", "device-proof-wanted", "device-unbound", "form-incomplete", "form-invalid", "login-refused", "not-said",
	"page-refused", "password-unusable", "permission-missing", "proof-wanted", "proof-wrong", "session-interrupted", "store-failed",
	"step-wanted", "throttled-account", "throttled-address", "throttled-device", "too-many-hashes",
	"wrong-code", "wrong-credentials", "wrong-device-proof", "wrong-passkey",
	// It asks no provider.
	"oidc-state", "oidc-refused", "oidc-invalid", "oidc-unlinked", "oidc-taken", "oidc-exists", "oidc-nameless",
	"provider-failed", "oidc-logout-refused",
	// It is told of no proxy's address, and of no remote user.
	"proxy-header-invalid", "remote-user-twice",
	// The session signs nobody in, which it calls not-signed-in.
	"login-required",
}

// curl writes a request as browsers copy it.
func curl(q *http.Request, body string) string {
	var b strings.Builder
	scheme := "http"
	if q.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	fmt.Fprintf(&b, "curl -X %s '%s://%s%s'", q.Method, scheme, q.Host, q.URL.RequestURI())
	for name, values := range q.Header {
		for _, value := range values {
			fmt.Fprintf(&b, " -H '%s: %s'", name, value)
		}
	}
	if body != "" {
		fmt.Fprintf(&b, " --data-raw '%s'", body)
	}
	return b.String()
}

// explainFirst asks coatcheck explain about each request, before it ends the session or so.
func (r *reasonRig) explainFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			r.t.Error(err)
		}
		r.report, r.reportErr = r.explain(curl(q, string(body)))
		q.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, q)
	})
}

// explain is what coatcheck explain says of a request.
func (r *reasonRig) explain(command string) (*explain.Report, error) {
	config := r.config
	store := r.site.Sessions.Config().Store
	config.Sessions.Store = explain.ReadOnly(store)
	site, err := coatcheck.New(config)
	if err != nil {
		return nil, err
	}
	site.Accounts = nil
	world := &explain.World{
		Passwords: r.site.Auth.Passwords(), Site: site, Store: store, Engine: "db", Keys: config.Keys,
		Serializer: sessions.JSONSerializer, ResetZone: time.UTC, ResetTimeout: 72 * time.Hour,
		MaxAge: config.Logins.MaxAge, CSRFCookie: "csrftoken",
	}
	thing, err := explain.Recognise([]byte(command), explain.Curl)
	if err != nil {
		return nil, err
	}
	return world.Explain(r.t.Context(), thing)
}

// checkExplained compares what coatcheck explain says of the last request.
func (r *reasonRig) checkExplained(want string) {
	r.t.Helper()
	named := ""
	if r.report != nil {
		named = r.report.Refusal
	}
	if slices.Contains(unexplained, want) {
		if named == want {
			r.t.Errorf("explain does find %s", want)
		}
		return
	}
	if r.reportErr != nil || named != want {
		r.t.Errorf("explain names %q, %v: %+v", named, r.reportErr, r.report)
	}
	for _, secret := range r.secrets() {
		if text := fmt.Sprintf("%+v", r.report); strings.Contains(text, secret) {
			r.t.Errorf("a secret is in %s", text)
		}
	}
}

// secrets are what nothing may show.
func (r *reasonRig) secrets() []string {
	return []string{reasonPassword, "wrong-canary", reasonToken, r.ada.Password.Encoded()}
}

// loggedOut starts for the client a session that signs nobody in.
func (r *reasonRig) loggedOut() {
	r.ForceLogin(r.ada)
	session := r.Session()
	_, err := session.Delete(r.t.Context(), sessionkeys.UserID)
	if err = errors.Join(err, session.Save(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
}

// TestReasonsOfSteps: a step whose reason decides no request is in the trace, and coatcheck explain
// names it.
func TestReasonsOfSteps(t *testing.T) {
	for reason, test := range map[string]struct {
		code    flow.Code
		provoke func(*reasonRig) (decides string, r *explain.Report, err error)
	}{
		"not-signed-in": {"user.anonymous", func(r *reasonRig) (string, *explain.Report, error) {
			r.loggedOut()
			r.get("/members/")
			return "login-required", r.report, r.reportErr
		}},
		"password-unusable": {"password.unusable", func(r *reasonRig) (string, *explain.Report, error) {
			bob := r.site.CreateUser("bob", "")
			r.Post("/accounts/login/", url.Values{"username": {"bob"}, "password": {reasonPassword}})
			thing, err := explain.Recognise([]byte(bob.Password.Encoded()), explain.PasswordHash)
			if err != nil {
				return "", nil, err
			}
			world := &explain.World{Passwords: r.site.Auth.Passwords()}
			report, err := world.Explain(t.Context(), thing)
			return "wrong-credentials", report, err
		}},
	} {
		r := newReasonRig(t, nil)
		decides, report, err := test.provoke(r)
		if err != nil || report.Refusal != reason || test.code.Reason() != reason {
			t.Errorf("%s: explain names %+v, %v", reason, report, err)
		}
		r.check(decides)
		if !strings.Contains(r.trace, sentenceStart(test.code)) {
			t.Errorf("%s: the trace lacks it:\n%s", reason, r.trace)
		}
	}
}

// TestReasonsOfForms: neither the log nor the metrics nor the trace has what people type to sign up,
// or the token of a link to reset a password.
func TestReasonsOfForms(t *testing.T) {
	r := newReasonRig(t, nil)
	const typed, mailed = "typed-canary-7002", "mailed-canary-7003@example.com"
	token := r.site.Auth.MakeResetToken(r.ada)
	var all strings.Builder
	try := func(send func()) {
		send()
		all.WriteString(r.trace)
	}
	link := "/accounts/reset/" + base64.RawURLEncoding.EncodeToString([]byte(r.ada.ID)) + "/" + token + "/"
	try(func() { r.get(link) })
	if !strings.Contains(r.trace, "→  200") && !strings.Contains(r.trace, "→  302") {
		t.Errorf("the link does not open:\n%s", r.trace)
	}
	try(func() { r.Post(link, url.Values{"new_password1": {"x"}}) })
	try(func() { r.Post(link, url.Values{"new_password1": {typed}}) })
	try(func() { r.get(link) })
	for _, name := range []string{"ada", "bob", typed} {
		try(func() {
			r.Post("/accounts/signup/", url.Values{"username": {name}, "email": {mailed}, "password1": {typed}, "password": {typed}, "password2": {typed}})
		})
	}
	try(func() { r.login(typed) })
	if _, err := r.site.Auth.UserByUsername(t.Context(), "bob"); err != nil || !strings.Contains(r.trace, sentenceStart("login.done")) {
		t.Errorf("the forms do nothing: %v\n%s", err, r.trace)
	}
	w := httptest.NewRecorder()
	r.numbers.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	all.WriteString(w.Body.String() + r.log.String())
	for _, secret := range append(r.secrets(), typed, mailed, token[len(token)-20:]) {
		if text := all.String(); strings.Contains(text, secret) {
			t.Errorf("%s is in %s", secret, text)
		}
	}
}
