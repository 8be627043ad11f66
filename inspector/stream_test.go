package inspector_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/inspector"
)

// stream is an open stream of events.
type stream struct {
	t      *testing.T
	lines  *bufio.Scanner
	status int
	end    context.CancelFunc
}

// follow opens a stream.
func (s *site) follow(base, query, last string) *stream {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+inspector.DefaultPath+"events"+query, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{s.t, lines, response.StatusCode, cancel}
}

// next waits for an event of a kind, and returns its data.
func (s *stream) next(kind string) string {
	s.t.Helper()
	for found := ""; s.lines.Scan(); {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case name == "event":
			found = value
		case name == "data" && found == kind:
			return value
		}
	}
	s.t.Fatalf("the stream ended before an event %q: %v", kind, s.lines.Err())
	return ""
}

// request waits for a request.
func (s *stream) request() (r request) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.next("request")), &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// TestStream: a stream tells each request that it asks for, goes on beyond the times of the
// server, and from where it stopped; and it has the row of the list as the page has it.
func TestStream(t *testing.T) {
	s := newSite(t, inspector.Config{})
	server := httptest.NewUnstartedServer(s.server.Config.Handler)
	const short = 400 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = short, short
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(s.inspector.Close)
	c := s.browser()
	c.get("/public/")
	all, filtered := s.follow(server.URL, "?after=0", ""), s.follow(server.URL, "?path=/accounts/&after=0", "")
	if run := all.next("hello"); !strings.Contains(c.get(inspector.DefaultPath).text, run[strings.Index(run, `:"`)+2:len(run)-2]) {
		t.Errorf("the page has another run than %s", run)
	}
	if r := all.request(); r.ID != 1 || r.Path != "/public/" || r.Status != 200 || r.Reason != "public.shown" {
		t.Errorf("%+v", r)
	}
	time.Sleep(2 * short) // what the server waits for a request that ends
	c.get("/accounts/login/")
	for query, of := range map[string]*stream{"": all, "?path=/accounts/": filtered} {
		r := of.request()
		if r.ID != 2 || r.Path != "/accounts/login/" || r.Reason != "login.form" {
			t.Errorf("%+v", r)
		}
		if !strings.Contains(c.get(inspector.DefaultPath+query).text, strings.TrimSpace(r.Row)) {
			t.Errorf("the page has no such row: %s", r.Row)
		}
	}
	c.get("/nothing/")
	if r := s.follow(s.server.URL, "?after=0", "2").request(); r.ID != 3 || r.Status != 404 || r.Verdict != "refused" {
		t.Errorf("after the last one: %+v", r)
	}
	if r := s.follow(s.server.URL, "?after=0", "77").request(); r.ID != 1 { // of a process that is gone
		t.Errorf("after one of the future: %+v", r)
	}
}

// TestStreamMissed: who was away too long is told how many requests are gone.
func TestStreamMissed(t *testing.T) {
	s := newSite(t, inspector.Config{})
	c := s.browser()
	for range 210 {
		c.get("/public/")
	}
	late := s.follow(s.server.URL, "", "3")
	if n := late.next("missed"); n != "7" {
		t.Errorf("%s are missed", n)
	}
	if r := late.request(); r.ID != 11 {
		t.Errorf("%+v", r)
	}
}

// TestStreamBounds: there are 16 streams at most, one that is not read holds nobody up, and one
// that is left makes room.
func TestStreamBounds(t *testing.T) {
	s := newSite(t, inspector.Config{})
	var open []*stream
	for range 16 {
		open = append(open, s.follow(s.server.URL, "", ""))
	}
	if more := s.follow(s.server.URL, "", ""); more.status != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", more.status)
	}
	c := s.browser()
	for n := range 50 { // of which nobody reads anything
		c.get("/public/?" + strconv.Itoa(n))
	}
	if got := len(c.look("").Requests); got != 50 {
		t.Errorf("%d requests", got)
	}
	for _, of := range open {
		of.end()
	}
	for end := time.Now().Add(10 * time.Second); s.follow(s.server.URL, "", "").status != http.StatusOK; {
		if time.Now().After(end) {
			t.Fatal("streams that were left make no room")
		}
	}
}

// TestStreamEnds: a server that stops waits for no stream, and none begins after.
func TestStreamEnds(t *testing.T) {
	s := newSite(t, inspector.Config{})
	of := s.follow(s.server.URL, "", "")
	of.next("hello")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server cannot stop: %v", err)
	}
	for of.lines.Scan() {
	}
	if err := of.lines.Err(); err != nil && err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	s.inspector.Close() // again
	after := httptest.NewServer(s.server.Config.Handler)
	t.Cleanup(after.Close)
	late := s.follow(after.URL, "", "")
	for late.lines.Scan() {
	}
	if err := late.lines.Err(); err != nil {
		t.Error(err)
	}
}
