package commands_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// djangoMade has a real Django make the database django.db in a folder. It returns the folder, an
// environment for commands there, and what the Django says of what it made.
func djangoMade(t *testing.T, version string) (dir string, environment []string, said []byte) {
	t.Helper()
	script, err := filepath.Abs("testdata/explain.py")
	if err != nil {
		t.Fatal(err)
	}
	const key = "the secret key of a Django, which is long and random enough"
	dir = t.TempDir()
	environment = append(os.Environ(), "SECRET_KEY="+key, "PYTHONDONTWRITEBYTECODE=1")
	django := exec.CommandContext(t.Context(), testenv.Django(t, version), script)
	django.Dir, django.Env, django.Stderr = dir, environment, os.Stderr
	if said, err = django.Output(); err != nil {
		t.Fatal(err)
	}
	return dir, environment, said
}

// TestExplainDjango: explain says of what a real Django made what that Django would say, on its
// database alone, without a table of Coatcheck's own.
func TestExplainDjango(t *testing.T) {
	for _, version := range []string{"3.2", "6.1"} {
		dir, environment, text := djangoMade(t, version)
		made := map[string]string{}
		if err := json.Unmarshal(text, &made); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(filepath.Join(dir, "django.db"))
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]string{
			"before": `"user.hash_mismatch"`, "after": `"user.found"`, "data": `"user.found"`,
			"hash": `"a password can be compared with it`, "token": `"it has the form of a token`,
			"link": `"reset.token_good"`,
		} {
			cmd := exec.CommandContext(t.Context(), "coatcheck", "explain", "--json", "--database", "sqlite:django.db")
			cmd.Dir, cmd.Env, cmd.Stdin = dir, environment, strings.NewReader(made[what])
			out, _ := cmd.Output() // the exit status is that of the outcome
			if good := cmd.ProcessState.ExitCode() == 0; !strings.Contains(string(out), want) || good != (what != "before") {
				t.Errorf("Django %s, %s: %v, want %s:\n%s", version, what, cmd.ProcessState, want, out)
			}
		}
		after, err := os.ReadFile(filepath.Join(dir, "django.db"))
		if err != nil || string(before) != string(after) {
			t.Errorf("Django %s: explain changed the database, %v", version, err)
		}
	}
}
