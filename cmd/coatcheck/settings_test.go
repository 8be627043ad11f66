package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSettingsPage holds docs/settings.md against the table, and the table
// against the flags.
func TestSettingsPage(t *testing.T) {
	var commands cli
	app, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	defaults := flagDefaults(app)
	var want []string
	for _, s := range djangoSettings {
		flag, preset := "", ""
		if s.flag != "" {
			var known bool
			if preset, known = defaults[strings.ReplaceAll(s.flag, "-", "_")]; !known {
				t.Errorf("%s: there is no flag --%s", s.name, s.flag)
			}
			flag = "`--" + s.flag + "`"
		}
		if preset != "" {
			preset = "`" + preset + "`"
		}
		want = append(want, "| "+strings.Join([]string{"`" + s.name + "`", "`" + s.preset + "`", s.versions, flag, preset, s.remark}, " | ")+" |")
	}
	page, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimRight(line, "\n"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/settings.md (-wanted +there):\n%s\nwanted:\n%s", diff, strings.Join(want, "\n"))
	}
}

// TestConvertDefaults: Django's own defaults need no settings of ours but those
// that are not the same on both sides.
func TestConvertDefaults(t *testing.T) {
	dump := map[string]any{}
	for _, s := range djangoSettings {
		value, err := parsePython(strings.ReplaceAll(s.preset, "[PBKDF2PasswordHasher, ...]", "['django.contrib.auth.hashers.PBKDF2PasswordHasher']"))
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		dump[s.name] = value
	}
	var commands cli
	app, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	dump["COATCHECK_DJANGO"] = "6.1"
	dump["DATABASES"] = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/site.db"}}
	done := convert(dump, flagDefaults(app))
	want := map[string]any{"validate_passwords": false, "database": "sqlite:/srv/site.db", "time_zone": "America/Chicago"}
	if diff := cmp.Diff(want, done.config); diff != "" || len(done.reasons) > 0 {
		t.Errorf("%v (-want +got):\n%s", done.reasons, diff)
	}
}
