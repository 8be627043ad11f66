package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSecurityHeaders: every response has them, errors too.
func TestSecurityHeaders(t *testing.T) {
	p := start(t, t.TempDir(), nil)
	v := p.visitor()
	for _, path := range []string{"/", "/public/", "/accounts/login/", "/nothing", "/healthz", "/readyz", "/api/profile"} {
		got := v.get(path, "Accept", "text/html").header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if diff := cmp.Diff([]string{want}, got[name]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", path, name, diff)
			}
		}
	}
}

// TestLimits: what is too much is refused, and the server goes on.
func TestLimits(t *testing.T) {
	p := start(t, t.TempDir(), nil)
	v := p.visitor()
	for what, test := range map[string]struct {
		answer answer
		status int
	}{
		"300 cookies": {v.get("/public/", "Cookie", strings.Repeat("a=1; ", 299)+"b=2"), http.StatusOK},
		"301 cookies": {v.get("/public/", "Cookie", strings.Repeat("a=1; ", 300)+"b=2"), http.StatusRequestHeaderFieldsTooLarge},
		"long header": {v.get("/public/", "X-Long", strings.Repeat("x", 40<<10)), http.StatusRequestHeaderFieldsTooLarge},
		"long body":   {v.post("/accounts/login/", credentials("alice", strings.Repeat("x", 66<<10))), http.StatusRequestEntityTooLarge},
	} {
		if test.answer.status != test.status {
			t.Errorf("%s: %d %s, want %d", what, test.answer.status, test.answer.body, test.status)
		}
	}
	v.get("/public/").expect(t, "afterwards", http.StatusOK, `{"profile":"data"}`)
}

// TestSlowClient: a client that does not finish its header is let go after five
// seconds.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begin := time.Now()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(begin.Add(9 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}
