package conformance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSettings: the settings of every Django, as its diffsettings prints them,
// become a config that the server takes.
func TestSettings(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		tw := newTwin(t, version, testenv.SQLiteDatabase(t), "SESSION_ENGINE=django.contrib.sessions.backends.file")
		dir := t.TempDir()
		dump, config := filepath.Join(dir, "settings.txt"), filepath.Join(dir, "coatcheck.json")
		if err := os.WriteFile(dump, []byte(tw.Manage("diffsettings", "--all")), 0o600); err != nil {
			t.Fatal(err)
		}
		path, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		made, err := exec.CommandContext(t.Context(), path, "settings", "--from-django", dump).Output()
		if err != nil || bytes.Contains(made, []byte(secretKey)) {
			t.Fatalf("%v: %s", err, made)
		}
		var got map[string]any
		if err := json.Unmarshal(made, &got); err != nil || got["guard"] != "django" || got["session_engine"] != "file" {
			t.Errorf("%v: %s", err, made)
		}
		if err := os.WriteFile(config, made, 0o600); err != nil {
			t.Fatal(err)
		}
		check := exec.CommandContext(t.Context(), path, "check", "--config", config)
		check.Dir = dir
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("check: %v\n%s\n%s", err, out, made)
		}
	})
}
