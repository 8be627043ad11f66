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
	declared := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1")
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
