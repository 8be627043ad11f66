package main

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestUndeclaredProxy: a proxy that nobody declared makes one client of all visitors, and
// the log says so once and names the peer and the flag.
func TestUndeclaredProxy(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--no-log-requests")
	v := p.visitor()
	for i := range 5 {
		v.post("/accounts/login/", credentials("alice", "wrong"), "X-Forwarded-For", "192.0.2."+strconv.Itoa(i))
		v.get("/", "Forwarded", "for=192.0.2.1;proto=https") // a sibling
	}
	p.stop()
	if log := p.err.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "--trusted-proxy 127.0.0.1") {
		t.Errorf("the log: %s", log)
	}
	declared := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1", "--email-backend", "none")
	declared.visitor().get("/", "X-Forwarded-For", "192.0.2.1")
	declared.stop()
	if log := declared.err.String(); strings.Contains(log, "WARN") {
		t.Errorf("a trusted proxy is warned of: %s", log)
	}
}

// TestSchemeOfWebSockets: a proxy that ends TLS names a WebSocket's scheme wss, and that
// is HTTPS.
func TestSchemeOfWebSockets(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1", "--secure-ssl-redirect", "--allowed-host", "127.0.0.1")
	for scheme, want := range map[string]int{
		"https": http.StatusOK, "wss": http.StatusOK, "wss, http": http.StatusOK, "http": http.StatusMovedPermanently,
		"ws": http.StatusMovedPermanently, "": http.StatusMovedPermanently,
	} {
		if got := p.visitor().get("/", "X-Forwarded-Proto", scheme); got.status != want {
			t.Errorf("%q: %d, want %d", scheme, got.status, want)
		}
	}
}

// TestRedirectToASister: the return URL may lead to a host of the flag, and the trace says
// why another one was dropped.
func TestRedirectToASister(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--allowed-redirect-host", "app.example.com", "--trace")
	v := p.visitor()
	v.post("/accounts/signup/", credentials("alice", "correct horse"))
	for next, want := range map[string]string{
		"https://app.example.com/page": "https://app.example.com/page", "https://other.example.com/page": "/accounts/profile/",
	} {
		got := v.post("/accounts/login/?next="+next, credentials("alice", "correct horse"), "Accept", "text/html")
		if to := got.header.Get("Location"); to != want {
			t.Errorf("next=%s leads to %q, want %q", next, to, want)
		}
	}
	p.stop()
	if trace := p.err.String(); !strings.Contains(trace, "--allowed-redirect-host") || !strings.Contains(trace, "https://other.example.com") {
		t.Errorf("the trace: %s", trace)
	}
	if out := refused(t, "check", "--allowed-redirect-host", "https://app.example.com"); !strings.Contains(out, "AllowedRedirectHosts") {
		t.Error(out)
	}
}

// TestWellKnownChangePassword: password managers find the page for another password.
func TestWellKnownChangePassword(t *testing.T) {
	for path, args := range map[string][]string{"": nil, "/auth": {"--script-name", "/auth"}} {
		p := start(t, t.TempDir(), nil, args...)
		got := p.visitor().get("/.well-known/change-password")
		if to := got.header.Get("Location"); got.status != http.StatusFound || to != path+"/accounts/password_change/" {
			t.Errorf("%d, %q", got.status, to)
		}
		if got := p.visitor().get("/.well-known/none"); got.status != http.StatusNotFound { // managers ask whether 404 means 404
			t.Errorf("what is not there: %d", got.status)
		}
	}
}
