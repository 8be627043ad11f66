package main

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSecurityHeaders: every answer has them, errors too.
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

// TestBodyLimit: no handler behind the limit reads more than a mebibyte, whoever wrote it.
func TestBodyLimit(t *testing.T) {
	server := httptest.NewServer((&server{}).limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})))
	defer server.Close()
	for size, status := range map[int]int{
		maxBodyBytes: http.StatusOK, maxBodyBytes + 1: http.StatusRequestEntityTooLarge,
	} {
		r, err := http.Post(server.URL, "text/plain", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != status {
			t.Errorf("%d bytes: %d, want %d", size, r.StatusCode, status)
		}
	}
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

// TestPanic: a handler that panics gives 500, and the log says where; one that
// panics in the midst of an answer breaks the connection.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	s := &server{log: slog.New(slog.NewTextHandler(&log, nil))}
	w := httptest.NewRecorder()
	s.survive(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of coats") })).
		ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "coats") {
		t.Errorf("the answer is %d %s", w.Code, w.Body)
	}
	if text := log.String(); !strings.Contains(text, "out of coats") || !strings.Contains(text, "TestPanic") {
		t.Errorf("the log says %s", text)
	}
	for name, h := range map[string]http.HandlerFunc{
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("out of coats")
		},
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		func() {
			defer func() {
				if cause := recover(); cause != http.ErrAbortHandler {
					t.Errorf("%s: recovered %v", name, cause)
				}
			}()
			s.survive(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
}

// TestTokensAreNotLogged: neither the log of requests nor the trace has what a link
// of a mail is worth.
func TestTokensAreNotLogged(t *testing.T) {
	const token = "EVFH4LJPSW7RH5ZATEWAAWPO5V"
	var log bytes.Buffer
	s := &server{log: slog.New(slog.NewTextHandler(&log, nil))}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	link := httptest.NewRequest("GET", "/accounts/not-me/"+token+"/", nil)
	s.logged(answer).ServeHTTP(httptest.NewRecorder(), link)
	s.trace = &log
	s.observed(answer).ServeHTTP(httptest.NewRecorder(), link)
	if text := log.String(); strings.Contains(text, token) || strings.Count(text, "/accounts/not-me/EVFH…/") != 2 {
		t.Errorf("the log says %s", text)
	}
}
