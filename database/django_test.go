package database_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// command is how a command of Django's ended.
type command struct {
	Exit   int
	Output string
}

// djangoRows are the rows that migrate writes.
type djangoRows struct {
	ContentTypes [][]string `json:"content_types"`
	Permissions  [][]string
	Migrations   [][]string
}

// djangoCheck is what testdata/django_check.py prints.
type djangoCheck struct {
	Version                             string
	Check, Makemigrations, Migrate, Own command
	Before, After, Django               djangoRows
}

// Every real Django finds nothing to migrate in a database that Migrate made,
// the same content types, permissions and migrations as in one that it made
// itself, and, being 6.1, the same tables. And what a Django made we leave as it
// is.
func TestDjangoFindsNothingToMigrate(t *testing.T) {
	for _, version := range testenv.DjangoVersions() {
		t.Run(version, func(t *testing.T) {
			python := testenv.Django(t, version)
			each(t, func(t *testing.T, e engine) {
				ours, theirs := e.fresh(t), e.fresh(t)
				db := e.reopen(t, ours, nil)
				tables := catalog(t, db)
				got := runDjango(t, python, ours, theirs)
				t.Logf("Django %s", got.Version)
				if !strings.HasPrefix(got.Version, version) {
					t.Errorf("it is Django %s", got.Version)
				}
				for name, c := range map[string]command{
					"migrate --check": got.Check, "makemigrations --check": got.Makemigrations,
					"migrate": got.Migrate, "migrate of its own": got.Own,
				} {
					if c.Exit != 0 {
						t.Errorf("%s exits %d: %s", name, c.Exit, c.Output)
					}
				}
				if !strings.Contains(got.Migrate.Output, "No migrations to apply.") {
					t.Errorf("migrate says: %s", got.Migrate.Output)
				}
				if diff := cmp.Diff(got.Before, got.After); diff != "" {
					t.Errorf("migrate changed rows (-ours +after)\n%s", diff)
				}
				if diff := cmp.Diff(got.Django, got.Before); diff != "" {
					t.Errorf("(-Django's +ours)\n%s", diff)
				}
				if diff := cmp.Diff(tables, catalog(t, db)); diff != "" {
					t.Errorf("migrate changed our tables\n%s", diff)
				}
				twin := e.reopen(t, theirs, nil)
				for _, what := range twin.Created() {
					if !strings.Contains(what, "coatcheck") {
						t.Errorf("in Django's database we %s", what)
					}
				}
				if here, err := twin.Facts().MadeHere(); err != nil || here {
					t.Errorf("Django's tables were made here: %v, %v", here, err)
				}
				if plan, err := twin.Plan(t.Context()); err != nil || len(plan) != 0 {
					t.Errorf("left to do in Django's database: %v, %v", plan.Lines(), err)
				}
				if missing, err := twin.LeftToDjango(t.Context()); err != nil || len(missing) != 0 {
					t.Errorf("LeftToDjango of Django's database: %v, %v", missing, err)
				}
				if version == "6.1" {
					if diff := cmp.Diff(catalog(t, twin), tables); diff != "" {
						t.Errorf("(-Django's +ours)\n%s", diff)
					}
				}
			})
		})
	}
}

// runDjango runs the script on the two databases.
func runDjango(t *testing.T, python string, ours, theirs testenv.Database) djangoCheck {
	t.Helper()
	setting := func(d testenv.Database) map[string]any {
		options := map[string]any{}
		if d.Engine == "mysql" {
			options["charset"] = "utf8mb4"
		}
		return map[string]any{
			"ENGINE": "django.db.backends." + d.Engine, "NAME": d.Name, "USER": d.User, "PASSWORD": d.Password,
			"HOST": d.Host, "PORT": d.Port, "OPTIONS": options,
		}
	}
	databases, err := json.Marshal(map[string]any{"default": setting(ours), "django": setting(theirs)})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), python, "testdata/django_check.py")
	cmd.Env = append(os.Environ(), "DJANGO_DATABASES="+string(databases), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.String())
	}
	var got djangoCheck
	must(t, json.Unmarshal(out, &got))
	return got
}
