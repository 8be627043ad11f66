package commands_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDoctorDjango: doctor looks at what a real Django made, finds the work factor that the Django
// writes, and nothing once --password-iterations is the same; the file stays as it is.
func TestDoctorDjango(t *testing.T) {
	for _, version := range []string{"3.2", "6.1"} {
		dir, environment, _ := djangoMade(t, version) // by a Django that writes 1,000 iterations
		before, err := os.ReadFile(filepath.Join(dir, "django.db"))
		if err != nil {
			t.Fatal(err)
		}
		for iterations, mixed := range map[string]bool{"1500000": true, "1000": false} {
			cmd := exec.CommandContext(t.Context(), "coatcheck", "doctor", "--json", "--database", "sqlite:django.db",
				"--password-iterations", iterations)
			cmd.Dir, cmd.Env = dir, environment
			out, _ := cmd.Output() // the exit status is that of the findings
			var said struct {
				Findings []struct{ ID, Remedy string }
				Seen     []struct{ Name, Says string }
				Unseen   []struct{ Name, Says string }
			}
			if err := json.Unmarshal(out, &said); err != nil {
				t.Fatalf("Django %s: %v: %s", version, err, out)
			}
			has := func(id string) bool {
				return slices.ContainsFunc(said.Findings, func(f struct{ ID, Remedy string }) bool { return f.ID == id })
			}
			if len(said.Unseen) > 0 || has("coatcheck.W031") != mixed || !has("coatcheck.W029") || has("coatcheck.W027") ||
				has("coatcheck.W023") || !strings.Contains(string(out), "made by Django") || !strings.Contains(string(out), "2 live") {
				t.Errorf("Django %s, %s iterations: %s", version, iterations, out)
			}
		}
		after, err := os.ReadFile(filepath.Join(dir, "django.db"))
		if err != nil || string(before) != string(after) {
			t.Errorf("Django %s: doctor changed the database, %v", version, err)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
			t.Errorf("Django %s: doctor created a file: %v", version, files)
		}
	}
}
