package main

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/explain"
)

// changes are the parts of a report that differ from run to run: keys and times.
var changes = regexp.MustCompile(`[a-z0-9]{4}…|\d+ (second|minute)s? ago|\d{4}-\d\d-\d\d \d\d:\d\d UTC`)

// TestExplainPage: what docs/explain.md shows is what the command prints, in words and by JSON.
func TestExplainPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newExplained(t)
	key := s.login("alice")
	s.page(string(page), "session", key)
	s.page(string(page), "request", "curl 'http://app.example/profile/' -X POST -H 'Origin: https://evil.example' \\\n"+
		"  -H 'Sec-Fetch-Site: cross-site' -b 'sessionid="+key+"' --data-raw 'name=mallory'")
	rotated := filepath.Join(s.dir, "rotated")
	if err := os.WriteFile(rotated, []byte(strings.Repeat("another key ", 5)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.page(string(page), "rotated", key, "--secret-key-file", rotated)
	v := s.p.visitor()
	v.post("/accounts/login/", credentials("alice", "correct horse"))
	v.post("/accounts/password_change/", url.Values{
		"old_password": {"correct horse"}, "new_password1": {"battery staple"}, "new_password2": {"battery staple"},
	})
	s.page(string(page), "changed", key)
	s.page(string(page), "hash", "pbkdf2_sha256$600000$abcdefghijklmnopqrstuv$"+strings.Repeat("c29t", 10)+"c28=",
		"--password-iterations", "1500000")
}

// page compares what the command prints with the block of that name.
func (s *explained) page(page, name, text string, args ...string) {
	s.t.Helper()
	_, block, found := strings.Cut(page, "```explain "+name+"\n")
	block, _, _ = strings.Cut(block, "```")
	if !found {
		s.t.Fatalf("the page has no block %s", name)
	}
	cmd := exec.CommandContext(s.t.Context(), "coatcheck", append([]string{"explain"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, environment(), strings.NewReader(text)
	out, _ := cmd.Output() // the exit status is that of the outcome
	s.look(text, string(out))
	if diff := cmp.Diff(changes.ReplaceAllString(block, "*"), changes.ReplaceAllString(string(out), "*")); diff != "" {
		s.t.Errorf("%s: the page (-) and the command (+):\n%s", name, diff)
	}
	words, report, _ := s.ask(text, args...)
	if diff := cmp.Diff(changes.ReplaceAllString(words, "*"), changes.ReplaceAllString(string(out), "*")); diff != "" {
		s.t.Errorf("%s: JSON (-) and words (+):\n%s", name, diff)
	}
	fields, err := json.Marshal(report)
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[string]any{}
	if err := json.Unmarshal(fields, &all); err != nil {
		s.t.Fatal(err)
	}
	for field := range all {
		if !strings.Contains(page, "`"+field+"`") {
			s.t.Errorf("the page does not explain the field %s", field)
		}
	}
	if !strings.Contains(page, "| `"+string(report.Kind)+"` |") && report.Kind != explain.SessionKey {
		s.t.Errorf("the page does not have %s", report.Kind)
	}
}
