package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// TestMain lets the test binary be the server and the client that the bench starts.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// small is a bench of a few hundred sessions on SQLite, with its client.
func small(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		options: options{Sessions: 300, Rounds: 2, Requests: 100, Rate: 200},
		dir:     t.TempDir(), data: map[string]*data{}, say: t.Logf,
		servers: &servers{absent: map[string]error{"postgres": errAbsent, "mysql": errAbsent, "redis": errAbsent}},
	}
	var err error
	if b.client, err = client(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.stop)
	return b
}

func groupNamed(t *testing.T, b *bench, name string) Group {
	t.Helper()
	for _, g := range groups(b.options) {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("there is no group %q", name)
	return Group{}
}

// TestSmallRun measures SQLite by the real processes: every number is sane.
func TestSmallRun(t *testing.T) {
	b := small(t)
	g := groupNamed(t, b, onSQLite)
	g.Loads = []string{"1", "32", "zipf", "open"}
	rows, err := b.group(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	for _, load := range g.Loads {
		for _, name := range []string{"plain Go, ncruces", "Coatcheck"} {
			row, ok := find(rows, onSQLite, name, load)
			if !ok || len(row.Samples) != b.Rounds {
				t.Fatalf("%s, %s: %d rounds, want %d", name, load, len(row.Samples), b.Rounds)
			}
			for _, s := range row.Samples {
				checkSample(t, name+", "+load, s)
			}
		}
	}
	if row, ok := find(rows, onSQLite, "plain Go, mattn", ""); !ok || !errors.Is(row.Absent, errAbsent) {
		t.Errorf("without the program of the peers, the row of one says %v", row.Absent)
	}
	yardsticks, _ := find(rows, onSQLite, "plain Go, ncruces", "32")
	site, _ := find(rows, onSQLite, "Coatcheck", "32")
	if ratios := site.over(yardsticks, serverCPU); len(ratios) != b.Rounds {
		t.Errorf("%d ratios, want one for each round: %v", len(ratios), ratios)
	}
	text := console(table(rows))
	for _, want := range []string{"Coatcheck", "plain Go, mattn", "not installed", "server CPU"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not have %q:\n%s", want, text)
		}
	}
}

// checkSample checks what must be so on any machine, however slow.
func checkSample(t *testing.T, name string, s Sample) {
	t.Helper()
	if s.Requests == 0 || s.Accepted != s.Requests {
		t.Errorf("%s: %d requests sent, %d counted by the server", name, s.Requests, s.Accepted)
	}
	if n := s.Latency.TotalCount(); int(n) != s.Requests {
		t.Errorf("%s: %d latencies of %d requests", name, n, s.Requests)
	}
	if most := s.Elapsed * time.Duration(runtime.NumCPU()); s.Server <= 0 || s.Server > 2*most {
		t.Errorf("%s: %v of CPU in %v on %d processors", name, s.Server, s.Elapsed, runtime.NumCPU())
	}
	if allocs, known := s.value(allocations); !known || allocs < 10 || allocs > 1_000 {
		t.Errorf("%s: %v allocations a request, known: %v", name, allocs, known)
	}
	low, _ := s.value(latency50)
	high, _ := s.value(latency999)
	if low <= 0 || high < low {
		t.Errorf("%s: p50 is %v ms, p99.9 %v", name, low, high)
	}
}

// TestNewSessions measures sessions that the server has not seen, and refuses to measure more of
// them than there are.
func TestNewSessions(t *testing.T) {
	b := small(t)
	g := groupNamed(t, b, newOnes)
	site := g.Cases[len(g.Cases)-1]
	if site.On != "sqlite" {
		t.Fatalf("the last case is on %q", site.On)
	}
	g.Cases = []Case{site}
	b.Requests = 50
	rows, err := b.group(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || len(rows[0].Samples) != b.Rounds {
		t.Errorf("rows: %+v", rows)
	}
	b.Requests = 200
	if _, err := b.group(t.Context(), g); err == nil || !strings.Contains(err.Error(), "-sessions") {
		t.Errorf("400 new sessions of 300: %v", err)
	}
}

// TestLogins measures logins, each of which counts.
func TestLogins(t *testing.T) {
	b := small(t)
	g := groupNamed(t, b, hashless)
	for i := range g.Cases {
		g.Cases[i].On = "sqlite"
	}
	g.Requests = 10
	all := hashers
	t.Cleanup(func() { hashers = all })
	hashers = hashers[len(hashers)-1:] // the others take long
	rows, err := b.group(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, s := range row.Samples {
			checkSample(t, row.Case, s)
		}
	}
}

// TestBadResponses ends the run at a response that is not the page.
func TestBadResponses(t *testing.T) {
	b := small(t)
	g := groupNamed(t, b, onSQLite)
	g.Cases = g.Cases[2:]
	for name, change := range map[string]func(){
		"404":          func() { g.Path = "/nothing/" },
		"another page": func() { g.Path = protocol.PublicPath; g.Want = "private" },
	} {
		change()
		if _, err := b.group(t.Context(), g); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAbsentYardstick leaves a row for each case of a group that cannot be measured.
func TestAbsentYardstick(t *testing.T) {
	b := small(t)
	rows, err := b.group(t.Context(), groupNamed(t, b, onPostgres))
	if err != nil || len(rows) != 2 || rows[1].Absent == nil {
		t.Errorf("without PostgreSQL: %+v, %v", rows, err)
	}
	v := targets[0].judge(rows)
	if v.Known || v.Met || v.Reason == "" {
		t.Errorf("the verdict of what is not measured: %+v", v)
	}
}

// TestFlags reads them.
func TestFlags(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"", ""},
		{"-quick", ""},
		{"-only (", "-only"},
		{"stray", "no flag"},
	} {
		o, err := parse(strings.Fields(test.args))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.args, err)
		}
		if err == nil && o.Sessions < o.Requests*(o.Rounds+1)/2 {
			t.Errorf("%q: %d sessions for %d rounds of %d", test.args, o.Sessions, o.Rounds, o.Requests)
		}
	}
}

// TestProgramIsLeftOut needs no build.
func TestProgramIsLeftOut(t *testing.T) {
	b := small(t)
	b.Only = regexp.MustCompile("^(" + program + "|" + decoding + ")$")
	rows, err := b.all(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row, _ := find(rows, decoding, decoded, alone)
	if allocs, ok := spread(row.values(decodeAllocs)); !ok || allocs.Median < 1 {
		t.Errorf("a decode: %v allocations", allocs)
	}
	if row, _ := find(rows, program, released, alone); row.Absent == nil {
		t.Error("the program was measured without a -top")
	}
}

// TestCookies measures an engine whose sessions are in the cookies, twice from the same file.
func TestCookies(t *testing.T) {
	b := small(t)
	signed := Case{Name: "signed_cookies", Server: engine("signed_cookies"), On: "sqlite"}
	again := signed
	again.Name += " again"
	rows, err := b.group(t.Context(), page("Cookies", []string{"8"}, []Case{signed, again}))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, s := range row.Samples {
			checkSample(t, row.Case, s)
		}
	}
}
