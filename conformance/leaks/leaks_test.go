package leaks_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/sessions"
)

const secret = "correct horse"

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// newSite returns a site. When the test is over and the site closed, nothing of it may run.
func newSite(t *testing.T) *coatchecktest.Site {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	return coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Site.Logger = slog.Default() }) // of the panic
}

// TestSiteEnds walks through a site, guarded pages too, while its housekeeping runs; then
// both end.
func TestSiteEnds(t *testing.T) {
	site := newSite(t)
	site.CreateUser("alice", secret)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- site.Run(ctx) }()
	server := serve(t, site, http.NewServeMux())
	c := site.NewClient(server.Config.Handler)
	if got := c.Get("/private"); got.Status != http.StatusFound {
		t.Errorf("a stranger gets %d", got.Status)
	}
	c.Post("/accounts/login/", url.Values{"username": {"alice"}, "password": {"wrong"}})
	c.Post("/accounts/login/", url.Values{"username": {"alice"}, "password": {secret}})
	if got := c.Get("/private"); got.Status != http.StatusOK {
		t.Errorf("alice gets %d", got.Status)
	}
	c.Post("/accounts/logout/", nil)
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestRequestsEnd ends requests in every way that is not a response: by a panic, by a client
// that goes away, by another protocol, and in the middle of a stream.
func TestRequestsEnd(t *testing.T) {
	site := newSite(t)
	mux, gone := http.NewServeMux(), make(chan struct{}, 2)
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		touch(t, r)
		fmt.Fprintln(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		touch(t, r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.Copy(conn, conn)
		gone <- struct{}{}
	})
	server := serve(t, site, mux)
	if status := first(t, server, "/panic"); status != "" {
		t.Errorf("a panic: %q", status)
	}
	for path, want := range map[string]string{"/stream": "HTTP/1.1 200 OK", "/upgrade": "HTTP/1.1 101 Switching Protocols"} {
		if status := first(t, server, path); status != want {
			t.Errorf("%s: %q, want %q", path, status, want)
		}
		<-gone
	}
}

// touch changes the session, so that there is one to save.
func touch(t *testing.T, r *http.Request) {
	session, err := sessions.FromContext(r.Context())
	if err == nil {
		err = session.Set(r.Context(), "seen", true)
	}
	if err != nil {
		t.Error(err)
	}
}

// serve serves the pages, and a guarded one, until the test ends.
func serve(t *testing.T, site *coatchecktest.Site, mux *http.ServeMux) *httptest.Server {
	t.Helper()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("/private", site.RequireUser(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "private") })))
	server := httptest.NewServer(site.Handler(mux))
	t.Cleanup(server.Close)
	return server
}

// first asks for a page and goes away after the first line of the response, which is empty
// where the connection ends without.
func first(t *testing.T, server *httptest.Server, path string) string {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", path)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	return strings.TrimSpace(line)
}
