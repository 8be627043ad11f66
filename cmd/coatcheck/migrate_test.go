package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database/sqlite"
)

// TestMigratePlan: --plan, --check and --sql tell exactly what migrate does, on an empty
// database and on ones that lack something.
func TestMigratePlan(t *testing.T) {
	for _, test := range []struct {
		name   string
		change []string // to a whole database; nil: there is none
		want   []string // migrations
	}{
		{"nothing there", nil, nil},
		{"whole", []string{}, []string{}},
		{"of the first migration", []string{
			"DROP TABLE coatcheck_ending", "DROP TABLE coatcheck_lock", "DROP TABLE coatcheck_notice",
			"DELETE FROM django_migrations WHERE name = '0002_endings'",
		}, []string{"coatcheck.0002_endings"}},
		{"without sessions", []string{
			"DROP TABLE django_session", "DELETE FROM django_migrations WHERE app = 'sessions'",
		}, []string{"sessions.0001_initial"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.change != nil {
				db, err := sqlite.Open(t.Context(), dir+"/coatcheck.db")
				if err != nil {
					t.Fatal(err)
				}
				for _, statement := range test.change {
					if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			plan, _, _ := command(t, dir, "migrate", "--plan")
			script, _, _ := command(t, dir, "migrate", "--sql")
			_, _, check := command(t, dir, "migrate", "--check")
			done, errs, status := command(t, dir, "migrate")
			if status != 0 {
				t.Fatalf("migrate: %d %s", status, errs)
			}
			applied := found(done, `(?m)^  Applying (\S+)\.\.\. OK$`)
			if diff := cmp.Diff(applied, found(plan, `(?m)^  (\w+\.\d{4}\w+)$`)); diff != "" {
				t.Errorf("--plan: %s", diff)
			}
			if diff := cmp.Diff(applied, found(script, `(?m)^-- recorded (\S+)$`)); diff != "" {
				t.Errorf("--sql: %s", diff)
			}
			if want := min(len(applied), 1); check != want {
				t.Errorf("--check exits with %d, want %d", check, want)
			}
			if test.want != nil && !slices.Equal(applied, test.want) {
				t.Errorf("applied %v, want %v", applied, test.want)
			}
			if test.want == nil && (len(applied) != 26 || !slices.Contains(applied, "admin.0003_logentry_add_action_flag_choices")) {
				t.Errorf("applied %v", applied)
			}
			if again, _, status := command(t, dir, "migrate", "--check", "--plan"); status != 0 || !strings.Contains(again, "No planned") {
				t.Errorf("afterwards: %d %s", status, again)
			}
		})
	}
}

// found returns what the group of a pattern matches in a text.
func found(text, pattern string) []string {
	all := []string{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// TestMigrateLeavesToDjango: what a Django began with is named, and is no reason for
// --check to fail, since migrate would do nothing.
func TestMigrateLeavesToDjango(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), dir+"/coatcheck.db")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM django_migrations WHERE name LIKE '0012%'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const left = "Left to Django, whose tables these are (manage.py migrate): auth.0012_alter_user_first_name_max_length\n"
	for _, flag := range []string{"--check", "--plan", "--verbosity=1"} {
		if out, errs, status := command(t, dir, "migrate", flag); status != 0 || !strings.HasSuffix(out, left) {
			t.Errorf("migrate %s: %d %s%s", flag, status, out, errs)
		}
	}
	out, _, _ := command(t, dir, "createsuperuser", "--noinput", "--username", "ada", "--email", "")
	if !strings.Contains(out, "You have 1 unapplied migration(s)") || !strings.Contains(out, "Run 'manage.py migrate' to apply them.") {
		t.Errorf("createsuperuser: %s", out)
	}
}
