package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestFail2ban: by the documented filter fail2ban finds the addresses of clients that failed
// to log in, as the trusted proxy tells them, and no other, whatever a client sends.
func TestFail2ban(t *testing.T) {
	program := testenv.Fail2banRegex(t)
	page, err := os.ReadFile("../../docs/fail2ban.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```ini\n[Definition]")
	filter, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no filter")
	}
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			log := failedLogins(t, format)
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			definition := write("coatcheck.conf", "[Definition]"+filter)
			for name, log := range map[string]string{"file": log, "journal": journal(log)} {
				out, err := exec.CommandContext(t.Context(), program, "--out", "ip", write(name+".log", log), definition).Output()
				if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, out)
				}
				got := strings.Fields(string(out))
				slices.Sort(got)
				want := []string{"2001:db8::7", "203.0.113.7", "203.0.113.7", "203.0.113.8"}
				if !slices.Equal(got, want) {
					t.Errorf("%s: fail2ban finds %q, want %q, in\n%s", name, got, want, log)
				}
			}
		})
	}
}

// failedLogins runs a server behind a proxy and returns its log.
func failedLogins(t *testing.T, format string) string {
	t.Helper()
	p := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1", "--log-format", format)
	v := p.visitor()
	v.enter("alice", "correct horse")
	login := func(client, username, password string) int {
		return v.post("/accounts/login/", credentials(username, password), "X-Forwarded-For", client).status
	}
	const forged = `x msg="login failed" client=198.51.100.9`
	login("203.0.113.7", "alice", "wrong")
	login("198.51.100.66, 203.0.113.7", "alice", "wrong") // the client wrote the first itself
	login("[2001:db8::7]:4711", "alice", "wrong")
	login("203.0.113.8", forged, "wrong")
	if status := login("198.51.100.1", "alice", "correct horse"); status != http.StatusOK {
		t.Errorf("a right login gives %d", status)
	}
	v.get("/"+strings.ReplaceAll(forged, " ", "%20")+"%0Atime=%20level=INFO%20msg=%22login%20failed%22%20client=198.51.100.9",
		"X-Forwarded-For", "198.51.100.2", "User-Agent", forged)
	p.stop()
	log := p.err.String()
	for _, want := range map[string][]string{
		"text": {"msg=\"login failed\" client=203.0.113.7 user=1\n", "msg=\"login failed\" client=203.0.113.8\n"},
		"json": {`"msg":"login failed","client":"203.0.113.7","user":"1"}`, `"msg":"login failed","client":"203.0.113.8"}`},
	}[format] {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	return log
}

// journal is a log as journald shows it.
func journal(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		b.WriteString("Nov 28 10:51:17 web coatcheck[4711]: " + line)
	}
	return b.String()
}
