package main

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// traceLine is a step of a trace: its layer, the time, its duration, what was done, and its
// attributes.
var traceLine = regexp.MustCompile(`^  (\d \S.*?\S) +[\d.]+(?:ns|µs|ms|s) +[\d.]+(?:ns|µs|ms|s)  (.*?)(  .*)?$`)

// changing are the attributes that differ from run to run.
var changing = regexp.MustCompile(`  (key|old|expires|_auth_user_hash|rounds)=("[^"]*"|\S+)`)

// steps are the lines of a trace without times, keys, hashes and rounds.
func steps(trace string) (all []string) {
	for line := range strings.Lines(trace) {
		if m := traceLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			all = append(all, m[1]+": "+m[2]+changing.ReplaceAllString(m[3], "  $1=…"))
		}
	}
	return all
}

// TestFlowPage walks the flow of docs/flow.md: the server traces what the page shows.
func TestFlowPage(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--trace")
	v, stranger := p.visitor(), p.visitor()
	form := credentials("ada", "correct horse battery")
	v.post("/accounts/signup/", form).expect(t, "sign-up", http.StatusCreated, `{"message":"User created successfully"}`)
	if got := v.post("/accounts/login/", form); got.status != http.StatusOK {
		t.Errorf("login: %d %s", got.status, got.body)
	}
	old := []string{"Cookie", "sessionid=" + v.cookie("/", "sessionid")}
	if got := v.get("/accounts/profile/", "Accept", "application/json"); got.status != http.StatusOK {
		t.Errorf("with the cookie: %d", got.status)
	}
	if got := stranger.get("/accounts/profile/"); got.status != http.StatusFound {
		t.Errorf("without the cookie: %d", got.status)
	}
	v.post("/accounts/logout/", nil).expect(t, "logout", http.StatusOK, `{"message":"Logout successful"}`)
	if got := stranger.get("/accounts/profile/", old...); got.status != http.StatusFound {
		t.Errorf("with the old cookie: %d", got.status)
	}
	p.stop()

	page, err := os.ReadFile("../../docs/flow.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, block := range strings.Split(string(page), "```trace\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		shown.WriteString(text)
	}
	want, got := steps(shown.String()), steps(p.err.String())
	if len(want) < 40 {
		t.Fatalf("docs/flow.md shows %d steps", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/flow.md (-) and the trace (+):\n%s", diff)
	}
}
