package conformance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSettings: the settings of every Django, as its diffsettings prints them,
// become a config that the server takes.
func TestSettings(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		tw := newTwin(t, version, testenv.SQLiteDatabase(t), "SESSION_ENGINE=django.contrib.sessions.backends.file", "EMAIL_DIR="+t.TempDir())
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
		asked := exec.CommandContext(t.Context(), path, "settings", "--from-django", "settings", "--python", tw.python)
		asked.Dir, asked.Env = "django", tw.env
		again, err := asked.Output()
		if err := errors.Join(err, json.Unmarshal(again, &got)); err != nil || got["password_iterations"] != 10000.0 || got["guard"] != "django" {
			t.Errorf("asked for the module: %v: %s", err, again)
		}
		if byScript := scripted(t, tw, path); !bytes.Equal(byScript, again) {
			t.Errorf("by the script: %s, and by the module: %s", byScript, again)
		}
		check := exec.CommandContext(t.Context(), path, "check", "--create", "--config", config)
		check.Dir = dir
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("check: %v\n%s\n%s", err, out, made)
		}
	})
}

// scripted is the config of what the script printed in the project.
func scripted(t *testing.T, tw *twin, path string) []byte {
	t.Helper()
	script, err := exec.CommandContext(t.Context(), path, "settings", "--script").Output()
	must(t, err)
	shell := tw.command("shell")
	shell.Stdin = bytes.NewReader(script)
	dump, err := shell.Output()
	must(t, err)
	convert := exec.CommandContext(t.Context(), path, "settings", "--from-django", "-")
	convert.Stdin = bytes.NewReader(dump)
	config, err := convert.Output()
	must(t, err)
	return config
}

// TestSettingsWithoutManage: a project that has no manage.py is asked by the
// django module, and one that cannot be loaded says why, and no secret.
func TestSettingsWithoutManage(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		dir := t.TempDir()
		module := "SECRET_KEY = 'hush hush, and long enough for a server'\nSESSION_COOKIE_NAME = 'größe'\n" +
			"DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '/srv/site.db'}}\n"
		for name, text := range map[string]string{"mysite/__init__.py": "", "mysite/settings.py": module, "mysite/broken.py": "SECRET_KEY = 'hush hush'\nimport absent_app\n"} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		ask := func(module string) (string, error) {
			cmd := exec.CommandContext(t.Context(), path, "settings", "--from-django", module, "--python", testenv.Django(t, version))
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if bytes.Contains(out, []byte("hush")) {
				t.Errorf("%s: the secret is shown: %s", module, out)
			}
			return string(out), err
		}
		if out, err := ask("mysite.settings"); err != nil || !strings.Contains(out, `"session_cookie_name": "größe"`) {
			t.Errorf("%v: %s", err, out)
		}
		for module, reason := range map[string]string{
			"mysite.broken": "ModuleNotFoundError: No module named 'absent_app'",
			"mysite.none":   "ModuleNotFoundError: No module named 'mysite.none'",
		} {
			if out, err := ask(module); err == nil || !strings.Contains(out, reason) || strings.Contains(out, "Traceback") {
				t.Errorf("%s: %v: %s", module, err, out)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "mysite", "__pycache__")); err == nil {
			t.Error("the project has compiled files that it had not")
		}
	})
}
