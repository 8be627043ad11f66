package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/djangosettings"
)

// TestSettingsPage checks docs/settings.md against the table, and the table
// against the flags.
func TestSettingsPage(t *testing.T) {
	var commands cli
	app, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	defaults := flagDefaults(app)
	var want []string
	for _, s := range djangosettings.Settings() {
		flag, preset := "", ""
		if s.Flag != "" {
			var known bool
			if preset, known = defaults[strings.ReplaceAll(s.Flag, "-", "_")]; !known {
				t.Errorf("%s: there is no flag --%s", s.Name, s.Flag)
			}
			flag = "`--" + s.Flag + "`"
		}
		if preset != "" {
			preset = "`" + preset + "`"
		}
		want = append(want, "| "+strings.Join([]string{"`" + s.Name + "`", "`" + s.Default + "`", s.Versions, flag, preset, s.Remark}, " | ")+" |")
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
	var text strings.Builder
	for _, s := range djangosettings.Settings() {
		value := strings.ReplaceAll(s.Default, "[PBKDF2PasswordHasher, ...]", "['django.contrib.auth.hashers.PBKDF2PasswordHasher']")
		text.WriteString(s.Name + " = " + value + "\n")
	}
	dump, err := djangosettings.Read(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	var commands cli
	app, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	dump["COATCHECK_DJANGO"] = "6.1"
	dump["DATABASES"] = map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/site.db"}}
	done := djangosettings.Convert(dump, flagDefaults(app))
	want := map[string]any{"validate_passwords": false, "database": "sqlite:/srv/site.db", "time_zone": "America/Chicago"}
	if diff := cmp.Diff(want, done.Config); diff != "" || len(done.Reasons) > 0 {
		t.Errorf("%v (-want +got):\n%s", done.Reasons, diff)
	}
	for _, note := range done.Notes {
		if strings.Contains(note, "cannot be read") {
			t.Error(note)
		}
	}
}
