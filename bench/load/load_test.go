package load

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// send runs one load by the front door of the process.
func send(t *testing.T, l protocol.Load) protocol.Result {
	t.Helper()
	var in, out bytes.Buffer
	if err := protocol.WriteLine(&in, l); err != nil {
		t.Fatal(err)
	}
	if err := Run(&in, &out); err != nil {
		t.Fatal(err)
	}
	var r protocol.Result
	if err := protocol.ReadLine(bufio.NewReader(&out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Error != "" {
		t.Fatal(r.Error)
	}
	return r
}

// cookies is a file of so many cookies, k=a and so on.
func cookies(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	for i := range n {
		text.WriteString("k=" + string(rune('a'+i)) + "\n")
	}
	file := filepath.Join(t.TempDir(), "cookies")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// asked is a server that remembers cookies.
func asked(t *testing.T) (url string, seen func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r.Header.Get("Cookie"))
		protocol.Respond(w, "a page")
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// TestOpenLoop counts from the intended start: what a stalled response holds back has waited.
func TestOpenLoop(t *testing.T) {
	const stall = 300 * time.Millisecond
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { time.Sleep(stall) })
		protocol.Respond(w, "a page")
	}))
	defer s.Close()
	r := send(t, protocol.Load{URL: s.URL, Connections: 1, Rate: 100, Requests: 20, Pick: protocol.Uniform})
	latency, err := hdr.Decode(r.Latency)
	if err != nil {
		t.Fatal(err)
	}
	// The last of the twenty was to be sent 190 ms after the first.
	if least := latency.Min(); r.Good != 20 || least < 100_000 {
		t.Errorf("%d good responses, the fastest after %d µs; each waited for the first, 110 ms at least", r.Good, least)
	}
}

// TestEach sends every cookie once, in order.
func TestEach(t *testing.T) {
	url, seen := asked(t)
	send(t, protocol.Load{URL: url, Cookies: cookies(t, 5), Connections: 1, Requests: 4, Pick: protocol.Each, First: 1})
	if got, want := seen(), []string{"k=b", "k=c", "k=d", "k=e"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSpread compares the choices: uniform ones are about the same for all, those of Zipf not.
func TestSpread(t *testing.T) {
	const n, requests = 20, 2_000
	for pick, check := range map[string]func(most, least int) bool{
		protocol.Uniform: func(most, least int) bool { return least > requests/n/2 && most < requests/n*2 },
		protocol.Zipf:    func(most, least int) bool { return most > 5*least },
	} {
		url, seen := asked(t)
		send(t, protocol.Load{URL: url, Cookies: cookies(t, n), Connections: 4, Requests: requests, Pick: pick, Seed: 1})
		count := map[string]int{}
		for _, cookie := range seen() {
			count[cookie]++
		}
		most, least := 0, requests
		for _, c := range count {
			most, least = max(most, c), min(least, c)
		}
		if len(count) != n || !check(most, least) {
			t.Errorf("%s: %d cookies, between %d and %d times", pick, len(count), least, most)
		}
	}
}

// TestBad counts what is not the page, by what it was.
func TestBad(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Cookie") {
		case "k=a":
			http.Error(w, "no", http.StatusServiceUnavailable)
		case "k=b":
			protocol.Respond(w, "a page")
		default:
			protocol.Respond(w, "something else")
		}
	}))
	defer s.Close()
	r := send(t, protocol.Load{
		URL: s.URL, Cookies: cookies(t, 3), Connections: 1, Requests: 3, Pick: protocol.Each, Want: "a page",
	})
	if r.Sent != 3 || r.Good != 1 || r.Bad["503"] != 1 || r.Bad["another page"] != 1 {
		t.Errorf("%+v", r)
	}
}
