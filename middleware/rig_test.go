package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var errOutage = errors.New("the store is on fire")

// rig serves a handler that changes from request to request, within
// middleware.Sessions, over HTTP.
type rig struct {
	t       *testing.T
	store   *sessionstest.Memory
	log     *logBuffer
	server  *httptest.Server
	mu      sync.Mutex // guards handler
	handler http.HandlerFunc
}

// logBuffer is a log that is written and read by several goroutines.
type logBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was logged since it was asked last.
func (l *logBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

func newRig(t *testing.T, changes ...func(*sessions.Config)) *rig {
	t.Helper()
	r := &rig{t: t, store: sessionstest.NewMemory(), log: &logBuffer{}}
	c := sessions.Config{Store: r.store, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
	for _, change := range changes {
		change(&c)
	}
	r.server = httptest.NewServer(middleware.Sessions(engine(t, c))(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		h := r.handler
		r.mu.Unlock()
		h(w, req)
	})))
	r.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(r.log, nil), slog.LevelError)
	t.Cleanup(r.server.Close)
	return r
}

func engine(t testing.TB, c sessions.Config) *sessions.Engine {
	t.Helper()
	e, err := sessions.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// serve sets the handler of the requests to come.
func (r *rig) serve(h http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handler = h
}

// browser is a client with cookies of its own that follows no redirects.
type browser struct {
	*rig
	client *http.Client
}

func (r *rig) browser() *browser { return &browser{r, newClient(r.t)} }

func newClient(t testing.TB) *http.Client {
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// get sends a request that h handles and returns the response and its body.
func (b *browser) get(h http.HandlerFunc) (*http.Response, string) {
	b.t.Helper()
	b.serve(h)
	return fetch(b.t, b.client, request(b.t, http.MethodGet, b.server.URL, ""))
}

func request(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func fetch(t testing.TB, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response, string(body)
}

// key is the session key in the browser's cookie, "" where it has none.
func (b *browser) key() string {
	u, _ := url.Parse(b.server.URL)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == sessions.DefaultCookieName {
			return c.Value
		}
	}
	return ""
}

// setKey puts a session key into the browser's cookie.
func (b *browser) setKey(key string) {
	u, _ := url.Parse(b.server.URL)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: sessions.DefaultCookieName, Value: key, Path: "/"}})
}

func session(r *http.Request) *sessions.Session {
	s, err := sessions.FromContext(r.Context())
	if err != nil {
		panic(err)
	}
	return s
}

// write is a handler that stores something in the session.
func write(w http.ResponseWriter, r *http.Request) {
	if err := session(r).Set(r.Context(), "x", 1); err != nil {
		middleware.Fail(w, r, err)
		return
	}
	_, _ = io.WriteString(w, "written")
}

// read is a handler that reads the session.
func read(w http.ResponseWriter, r *http.Request) {
	if _, _, err := session(r).Get(r.Context(), "x"); err != nil {
		middleware.Fail(w, r, err)
		return
	}
	_, _ = io.WriteString(w, "read")
}

// askingHandler reads the session of each request that something is logged
// about.
type askingHandler struct{ slog.Handler }

func (h askingHandler) Handle(ctx context.Context, record slog.Record) error {
	if s, err := sessions.FromContext(ctx); err == nil {
		_, _, _ = s.Get(ctx, "x")
	}
	return h.Handler.Handle(ctx, record)
}

func (askingHandler) Enabled(context.Context, slog.Level) bool { return true }

func askingLogger() *slog.Logger {
	return slog.New(askingHandler{slog.NewTextHandler(io.Discard, nil)})
}
