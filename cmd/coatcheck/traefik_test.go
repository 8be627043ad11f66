package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// traefikConfig is a file for the file provider, and the entry point that it names. The
// entry point says nothing of TLS, so that it is the file that must.
func traefikConfig(t *testing.T, dynamic string) func(dir, address string) string {
	return func(dir, address string) string {
		file := filepath.Join(dir, "dynamic.yaml")
		if err := os.WriteFile(file, []byte(dynamic), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("global:\n  checkNewVersion: false\n  sendAnonymousUsage: false\n"+
			"entryPoints:\n  websecure:\n    address: %s\nproviders:\n  file:\n    filename: %s\n", address, file)
	}
}

// traefik is the host:port of a Traefik with the block of docs/proxies.md for a server at
// that URL. It asks for the server's health more often than each 30 seconds.
func traefik(t *testing.T, url string) string {
	t.Helper()
	dynamic := block(t, "proxies.md", "yaml", 1, url)
	const path = "          path: /readyz\n"
	if !strings.Contains(dynamic, path) {
		t.Fatalf("the block asks for no health: %s", dynamic)
	}
	dynamic = strings.Replace(dynamic, path, path+"          interval: 100ms\n", 1)
	address := testenv.WebServer(t, "Traefik", traefikConfig(t, dynamic))
	wait(t, "the proxy has read its file", func() bool { // until then it ends each connection
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		return err == nil && conn.Close() == nil
	})
	return address
}

// secureVisitorFrom is a visitor of https://www.example.com with an address of the
// loopback, who comes by a proxy.
func (p *process) secureVisitorFrom(address, proxy string) *visitor {
	v := p.visitorFrom(address, proxy)
	v.base = "https://www.example.com"
	transport := v.http.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return dial(ctx, network, proxy) }
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // Traefik's own certificate, of no name
	return v
}

// webSocket is what a browser sends to open a WebSocket.
var webSocket = []string{
	"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
}

// TestTraefik runs the block of docs/proxies.md on the real Traefik, by HTTPS: cookies are
// Secure, the client's address is the one that Traefik sees, whatever the client says, a
// WebSocket is not led elsewhere, and the check of its health asks the right address.
func TestTraefik(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1", "--allowed-host", "www.example.com", "--secure-ssl-redirect",
		"--session-cookie-secure", "--csrf-cookie-secure", "--email-backend", "none")
	v := p.secureVisitorFrom("127.0.0.9", traefik(t, p.url))
	wait(t, "the proxy has found the server", func() bool { return v.get("/healthz").status == http.StatusOK })
	lies := []string{"X-Forwarded-For", "192.0.2.1", "X-Real-Ip", "192.0.2.1", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.example"}
	if got := v.get("/", lies...); got.status != http.StatusOK {
		t.Errorf("a request by HTTPS that says it is HTTP: %d %v", got.status, got.header)
	}
	if got := v.get("/", webSocket...); got.status != http.StatusOK {
		t.Errorf("a WebSocket: %d %v", got.status, got.header)
	}
	v.post("/accounts/signup/", credentials("alice", "correct horse"), lies...)
	got := v.post("/accounts/login/", credentials("alice", "correct horse"), lies...)
	if cookie, err := got.sessionCookie(); got.status != http.StatusOK || err != nil || !cookie.Secure {
		t.Errorf("the login: %d %s %v, %v", got.status, got.body, cookie, err)
	}
	if got := v.get("/accounts/sessions/", lies...); !strings.Contains(got.body, `"ip":"127.0.0.9"`) {
		t.Errorf("the sessions: %d %s", got.status, got.body)
	}
	p.stop()
	wait(t, "the proxy knows that the server is away", func() bool { return v.get("/").status == http.StatusServiceUnavailable })
	if strings.Contains(p.err.String(), "level=WARN") {
		t.Errorf("the log: %s", &p.err)
	}
}

// TestHeadersOfTraefik checks what [TestSchemeOfWebSockets] stands on: the schemes that
// Traefik names.
func TestHeadersOfTraefik(t *testing.T) {
	scheme := make(chan string, 1)
	behind := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			scheme <- strings.Join(r.Header["X-Forwarded-Proto"], "|")
		}
	}))
	defer behind.Close()
	v := (&process{t: t, url: behind.URL}).secureVisitorFrom("127.0.0.1", traefik(t, behind.URL))
	wait(t, "the proxy has found the server", func() bool { return v.get("/healthz").status == http.StatusOK })
	for want, headers := range map[string][]string{"https": {"X-Forwarded-Proto", "http"}, "wss": webSocket} {
		v.get("/", headers...)
		if got := <-scheme; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
