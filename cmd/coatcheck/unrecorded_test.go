package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestUnrecorded: where the table of the audit log is missing, each command that would record
// something works, and says once that it records nothing and what to run.
func TestUnrecorded(t *testing.T) {
	const says = "The audit log does not record this, since there is no table coatcheck_audit: run coatcheck migrate.\n"
	dir := t.TempDir()
	p := start(t, dir, nil) // which makes the secret key
	p.visitor().enter("ada", "correct horse battery")
	p.stop()
	statement(t, testenv.Database{Engine: "sqlite3", Name: filepath.Join(dir, "coatcheck.db")}, "DROP TABLE coatcheck_audit")
	for _, test := range []struct {
		input, args string
		silent      bool
	}{
		{"", "unlock ada", false},
		{"", "logout ada", false},
		{"", "logout ada --audit-days 0", true},
		{"", "deactivate ada", false},
		{"", "activate ada", false},
		{"", "sessions ada", true},
		{"", "invite --base-url https://www.example.com", false},
		{"", "createsuperuser --noinput --username root --email root@example.com", false},
		{"battery staple 9\nbattery staple 9\n", "changepassword ada", false},
	} {
		cmd := exec.CommandContext(t.Context(), "coatcheck", strings.Fields(test.args)...)
		var errs strings.Builder
		cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stderr = dir, environment(), strings.NewReader(test.input), &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v\n%s", test.args, err, &errs)
		}
		want := 1
		if test.silent {
			want = 0
		}
		if got := strings.Count(errs.String(), says); got != want {
			t.Errorf("%s says it %d times, want %d: %s", test.args, got, want, &errs)
		}
	}
}
