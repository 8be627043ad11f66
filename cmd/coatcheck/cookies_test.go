package main

import (
	"os/exec"
	"strings"
	"testing"
)

// refused runs a command that must end with a status other than 0 and returns what it
// says.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "coatcheck", args...)
	cmd.Dir, cmd.Env = t.TempDir(), environment()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("%q is accepted: %s", args, out)
	}
	return string(out)
}

// TestCookiesThatNobodySendsBack: settings with which every login succeeds and nobody is
// signed in are refused by check and serve.
func TestCookiesThatNobodySendsBack(t *testing.T) {
	for i, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--session-cookie-domain", "https://example.com"}, `the domain "https://example.com" is no host name`},
		{[]string{"--session-cookie-domain", "example.com:8000"}, "is no host name"},
		{[]string{"--session-cookie-domain", ".co.uk"}, "anybody can have a name below"},
		{[]string{"--session-cookie-domain", "www.example.com", "--allowed-host", "example.com"}, "none of the allowed hosts: example.com"},
		{[]string{"--session-cookie-samesite", "None"}, "SameSite=None needs Secure"},
		{[]string{"--session-cookie-name", "__Host-sessionid"}, "needs Secure, the path / and no domain"},
		{[]string{"--session-cookie-name", "__host-http-id", "--session-cookie-secure", "--no-session-cookie-httponly"}, "needs HttpOnly"},
		{[]string{"--session-cookie-path", "accounts/"}, "does not begin with a slash"},
		{[]string{"--session-cookie-path", "/shop/"}, "does not lead to the account pages"},
		{[]string{"--session-cookie-name", "django_language"}, "its name django_language is that of the session cookie"},
		{[]string{"--guard", "django", "--session-cookie-name", "csrftoken"}, "is that of the session cookie"},
		{[]string{"--guard", "django", "--csrf-cookie-domain", "https://example.com"}, "--csrf-cookie-…"},
		{[]string{"--guard", "both", "--csrf-cookie-samesite", "None"}, "SameSite=None needs Secure"},
	} {
		command := []string{"check", "serve"}[i%2]
		args := append([]string{command, "--addr", "127.0.0.1:0"}, c.args...)
		if out := refused(t, args...); !strings.Contains(out, c.want) {
			t.Errorf("%q: %s", args, out)
		}
	}
}

// TestLostCookie: a cookie that browsers drop where the visitor is causes one warning, at
// the login.
func TestLostCookie(t *testing.T) {
	for _, c := range []struct{ flag, value, host, want string }{
		{"--session-cookie-secure", "", "www.example.com", "--trusted-proxy"},
		{"--session-cookie-domain", "example.com", "www.example.org", "--session-cookie-domain"},
		{"--session-cookie-domain", "example.com", "www.example.com", ""},
	} {
		args := []string{c.flag}
		if c.value != "" {
			args = append(args, c.value)
		}
		p := start(t, t.TempDir(), nil, append(args, "--no-log-requests")...)
		v := p.visitor()
		v.post("/accounts/signup/", credentials("alice", "correct horse"))
		if strings.Contains(p.err.String(), "WARN") {
			t.Errorf("%v: a warning before the login: %s", c, &p.err)
		}
		for range 2 {
			v.post("/accounts/login/", credentials("alice", "correct horse"), "Host", c.host)
		}
		p.stop()
		warnings := strings.Count(p.err.String(), "WARN")
		if c.want == "" && warnings != 0 || c.want != "" && (warnings != 1 || !strings.Contains(p.err.String(), c.want)) {
			t.Errorf("%v: %d warnings: %s", c, warnings, &p.err)
		}
	}
}
