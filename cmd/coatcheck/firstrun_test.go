package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files are the names of what is in a folder.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestCreatedFiles: a server makes its default files, and with --create those that are named.
func TestCreatedFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flags []string
		want  []string
	}{
		"nothing is named": {nil, []string{"coatcheck.db", "coatcheck.secret"}},
		"all is named": {
			[]string{"--create", "--database", "sqlite:site.db", "--secret-key-file", "site.key"},
			[]string{"site.db", "site.key"},
		},
		"the database is named": {[]string{"--create", "--database", "sqlite:site.db"}, []string{"coatcheck.secret", "site.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, dir, nil, test.flags...)
			p.visitor().enter("alice", "correct horse")
			if status := p.stop(); status != 0 {
				t.Errorf("the exit status is %d", status)
			}
			if got := files(t, dir); !slices.Equal(got, test.want) {
				t.Errorf("the folder has %v, want %v", got, test.want)
			}
			p = start(t, dir, nil, test.flags...) // the files are there now
			if got := p.visitor().post("/accounts/login/", credentials("alice", "correct horse")); got.status != 200 {
				t.Errorf("a login after the restart: %d %s", got.status, got.body)
			}
			if p.err.String() != "" && strings.Contains(p.err.String(), "Made ") {
				t.Errorf("a second run makes files: %s", &p.err)
			}
		})
	}
}

// TestRefusedFirstRun: a server that refuses a setting, or cannot listen, leaves no file behind.
func TestRefusedFirstRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for name, flags := range map[string][]string{
		"a number":            {"--password-iterations", "0"},
		"a host":              {"--allowed-host", "https://a.example"},
		"an origin":           {"--trusted-origin", "app.example"},
		"a table":             {"--refuse-login-if", "mfa.user_id"},
		"a user model":        {"--user-table", "accounts_member"},
		"an engine":           {"--session-engine", "cache"},
		"a port in use":       {"--addr", l.Addr().String()},
		"a password's file":   {"--email-backend", "smtp", "--base-url", "https://a.example", "--email-host-password-file", "none"},
		"a key that is named": {"--secret-key-file", "none.key"},
		"former keys":         {"--secret-key-fallbacks-file", "none.key"},
		"with --create": {
			"--create", "--database", "sqlite:site.db", "--secret-key-file", "site.key", "--time-zone", "Mars/Olympus",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			args := append([]string{"serve", "--addr", "127.0.0.1:0"}, flags...)
			if out, errs, status := command(t, dir, args...); status == exitOK || out != "" {
				t.Errorf("%d %s%s", status, out, errs)
			}
			if left := files(t, dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestRefusedByDatabase: a setting that the database refuses leaves no key behind either.
func TestRefusedByDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, errs, status := command(t, dir, "migrate"); status != exitOK {
		t.Fatalf("%d %s%s", status, out, errs)
	}
	out, errs, status := command(t, dir, "serve", "--addr", "127.0.0.1:0", "--refuse-login-if", "mfa.user_id")
	if status != exitFailed || !strings.Contains(errs, "no such table: mfa") {
		t.Errorf("%d %s%s", status, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "coatcheck.secret")); !os.IsNotExist(err) {
		t.Errorf("a key is left behind: %v", err)
	}
}
