package middleware_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
)

// TestTrace: the block tells the way of a request through all five layers, and
// no secret.
func TestTrace(t *testing.T) {
	const canary = "CANARY-password"
	s := newSite(t)
	ada := s.user(t, "ada", canary)
	guard, err := access.New(access.Config{Auth: s.auth})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("POST /profile", guard.RequireUser(http.HandlerFunc(write)))
	blocks := make(chan string, 1)
	s.start(t, middleware.Trace(func(block string) { blocks <- block }))
	var all strings.Builder
	take := func(want ...string) {
		t.Helper()
		block := <-blocks
		all.WriteString(block)
		for _, text := range want {
			if !strings.Contains(block, text) {
				t.Errorf("no %q in\n%s", text, block)
			}
		}
	}
	c := newClient(t)
	s.post(t, c, "/profile", "")
	take("POST \"/profile\"  →  302 in ", "5 Access control", "redirected to the login page")
	s.post(t, c, "/login", "username=ada&password=wrong-"+canary)
	take("→  401", "4 View", "compared  algorithm=pbkdf2_sha256  rounds=1  right=false\n", "authenticate(): no backend accepts the credentials")
	s.post(t, c, "/login", "username=ada&password="+canary)
	take("→  200", "4 View", "compared  algorithm=pbkdf2_sha256  rounds=1  right=true\n", "authenticate(): the credentials are good",
		"2 Session engine", "new session created", "  table=django_session\n",
		"login(): three keys stored", "  _auth_user_id="+ada.ID+"  _auth_user_backend="+auth.ModelBackendName+
			"  _auth_user_hash="+s.auth.SessionAuthHash(ada)[:4]+"…\n", "3 Middleware", "cookie set")
	key := s.key(t, c)
	s.post(t, c, "/profile", "")
	take("→  200", "3 Middleware", "cookie read", "2 Session engine", "session loaded", "1 Database", "user row read", "the session auth hash is good",
		"5 Access control", "let in  guard=RequireUser  user="+ada.ID+"\n", "session saved", "key="+key[:4])
	s.post(t, c, "/logout", "")
	take("→  200", "logout(): session ended", "session deleted", "cookie deleted")
	r := request(t, http.MethodPost, s.server.URL+"/save", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	fetch(t, c, r)
	take("→  403", "refused: cross-origin request")
	for what, secret := range map[string]string{
		"password": canary, "session key": key, "hash": ada.Password.Encoded(), "auth hash": s.auth.SessionAuthHash(ada), "secret key": secretKey,
	} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("the trace shows the %s:\n%s", what, &all)
		}
	}
}

// TestAccessInTrace: layer 5 tells what it decided, also when it lets in.
func TestAccessInTrace(t *testing.T) {
	s := newSite(t)
	s.user(t, "ada", "secret")
	open := func(r *http.Request) bool { return r.URL.Path != "/profile" }
	required := middleware.LoginRequired("", "", open)
	s.mux.Handle("GET /profile", required(http.HandlerFunc(write)))
	s.mux.Handle("GET /open", required(http.HandlerFunc(write)))
	blocks := make(chan string, 1)
	s.start(t, middleware.Trace(func(block string) { blocks <- block }))
	c := newClient(t)
	layer5 := func(path string, header ...string) (all []string) {
		fetch(t, c, request(t, http.MethodGet, s.server.URL+path, "", header...))
		for line := range strings.Lines(<-blocks) {
			if rest, ok := strings.CutPrefix(line, "  5 Access control "); ok {
				all = append(all, strings.Join(strings.Fields(rest)[2:], " "))
			}
		}
		return all
	}
	ask := func(path, want string, header ...string) {
		t.Helper()
		if got := layer5(path, header...); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	ask("/open", "let in: no login is needed here")
	ask("/profile", "redirected to the login page: not signed in")
	ask("/profile", "refused with 401: not signed in", "Accept", "application/json")
	s.post(t, c, "/login", "username=ada&password=secret")
	<-blocks
	ask("/profile", "let in guard=LoginRequired user=1")
}

// TestTraceStatus: what the first line says of each way to respond.
func TestTraceStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"nothing":  {func(http.ResponseWriter, *http.Request) {}, "200"},
		"body":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a") }, "200"},
		"twice":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) }, "404"},
		"early":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(204) }, "204"},
		"flush":    {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, "200"},
		"copy":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, strings.NewReader("abc")) }, "200"},
		"panic":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no answer"},
		"outlived": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic(http.ErrAbortHandler) }, "200"},
		"hijack": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			conn.Close()
		}, "101"},
	} {
		for _, within := range []bool{false, true} { // the session's middleware
			t.Run(fmt.Sprint(name, within), func(t *testing.T) {
				blocks := make(chan string, 1)
				s := newSite(t)
				if !within {
					s.chain = middleware.Chain()
				}
				s.mux.HandleFunc("GET /{$}", tt.answer)
				s.start(t, middleware.Trace(func(block string) { blocks <- block }))
				conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				_, _ = io.ReadAll(bufio.NewReader(conn))
				if title, _, _ := strings.Cut(<-blocks, "\n"); !strings.HasPrefix(title, `GET "/"  →  `+tt.want+" in ") {
					t.Errorf("%q", title)
				}
			})
		}
	}
}

// TestRedirectInTrace: the trace of a redirect to HTTPS has neither token nor query.
func TestRedirectInTrace(t *testing.T) {
	secure, err := middleware.Security(middleware.SecurityConfig{SSLRedirect: true})
	if err != nil {
		t.Fatal(err)
	}
	blocks := make(chan string, 1)
	server := start(t, false, middleware.Trace(func(block string) { blocks <- block })(secure(http.HandlerFunc(hello))))
	const path = "/konto/not-me/EVFH4LJPSW7RH5ZATEWAAWPO5V/"
	response, _ := fetch(t, newClient(t), request(t, http.MethodGet, server.URL+path+"?q=query-canary", ""))
	if location := response.Header.Get("Location"); !strings.HasSuffix(location, path+"?q=query-canary") {
		t.Errorf("redirected to %s", location)
	}
	if block := <-blocks; !strings.Contains(block, "/konto/not-me/EVFH…/") || strings.Contains(block, "EVFH4") || strings.Contains(block, "canary") {
		t.Error(block)
	}
}
