package database_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
)

// What Migrate makes in an empty database: tables, Django's and ours, and rows of
// django_migrations.
const (
	created  = 10 + 15
	recorded = 18 + 8
)

func TestMigrateIsIdempotent(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		ctx := t.Context()
		db, where := e.empty(t)
		if lines := catalog(t, db); len(lines) > 0 && strings.Contains(strings.Join(lines, "\n"), "auth") {
			t.Fatalf("NoCreate created something: %v", lines)
		}
		if left, err := db.LeftToDjango(ctx); err != nil || len(left) != 0 {
			t.Errorf("LeftToDjango of an empty database: %v, %v", left, err)
		}
		plan, err := db.Plan(ctx)
		must(t, err)
		done, err := db.Migrate(ctx)
		if diff := cmp.Diff(plan.Lines(), done); diff != "" {
			t.Errorf("Plan and Migrate: %s", diff)
		}
		if err != nil || len(done) != created+recorded || done[0] != "created table django_migrations" {
			t.Errorf("Migrate = %v, %v", done, err)
		}
		if left, err := db.LeftToDjango(ctx); err != nil || len(left) != 0 {
			t.Errorf("LeftToDjango = %v, %v", left, err)
		}
		if plan, err := db.Plan(ctx); err != nil || len(plan) != 0 {
			t.Errorf("the plan afterwards: %v, %v", plan, err)
		}
		if here, err := db.Facts().MadeHere(); err != nil || !here {
			t.Errorf("made here: %v, %v", here, err)
		}
		if done, err := db.Migrate(ctx); err != nil || len(done) != 0 {
			t.Errorf("second Migrate = %v, %v", done, err)
		}
		if created := e.reopen(t, where, nil).Created(); len(created) != 0 {
			t.Errorf("Open created %v", created)
		}
		before := catalog(t, db)
		if diff := cmp.Diff(before, catalog(t, e.reopen(t, where, nil))); diff != "" {
			t.Error(diff)
		}
	})
}

// What of Django's is there stays as it is; only what cannot be done without is
// added.
func TestMigrateBesideWhatIsThere(t *testing.T) {
	for _, test := range []struct {
		name   string
		change []string // to a whole database
		want   []string
	}{
		{
			name:   "a site without admin",
			change: []string{"DROP TABLE django_admin_log", "DELETE FROM django_migrations WHERE app = 'admin'"},
		},
		{
			name:   "a site without sessions",
			change: []string{"DROP TABLE django_session", "DELETE FROM django_migrations WHERE app = 'sessions'"},
			want:   []string{"created table django_session", "recorded sessions.0001_initial"},
		},
		{
			name: "a site with a user model of its own",
			change: []string{
				"DROP TABLE django_admin_log", "DROP TABLE auth_user_groups", "DROP TABLE auth_user_user_permissions", "DROP TABLE auth_user",
			},
			want: []string{"created table auth_user", "created table auth_user_groups", "created table auth_user_user_permissions"},
		},
		{
			name:   "tables of no Django's",
			change: []string{"DROP TABLE django_migrations", "DROP TABLE django_session"},
			want: []string{
				"created table django_session", "created table django_migrations", "recorded coatcheck.0001_initial", "recorded coatcheck.0002_endings",
				"recorded coatcheck.0003_walks", "recorded coatcheck.0004_audit", "recorded coatcheck.0005_totp", "recorded coatcheck.0006_passkeys",
				"recorded coatcheck.0007_oidc",
				"recorded coatcheck.0008_device_bound",
			},
		},
		{
			name:   "an old site",
			change: []string{"DELETE FROM django_migrations WHERE name = '0012_alter_user_first_name_max_length'"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				where := e.fresh(t)
				db := e.reopen(t, where, nil)
				kept := &database.Group{Name: "kept"}
				must(t, db.CreateGroup(t.Context(), kept))
				run(t, db, test.change...)
				plan, err := e.look(t, where).Plan(t.Context())
				must(t, err)
				if got := plan.Lines(); !slices.Equal(got, test.want) {
					t.Errorf("planned %v, want %v", got, test.want)
				}
				if got := e.reopen(t, where, nil).Created(); !slices.Equal(got, test.want) {
					t.Errorf("created %v, want %v", got, test.want)
				}
				if got := e.reopen(t, where, nil).Created(); len(got) != 0 {
					t.Errorf("the second Open created %v", got)
				}
				if g, err := db.GroupByName(t.Context(), "kept"); err != nil || *g != *kept {
					t.Errorf("what was there: %v, %v", g, err)
				}
				user(t, db, "joe")
				must(t, db.InsertSession(t.Context(), session(key, "x")))
			})
		})
	}
}

func TestLeftToDjangoOfAnOldSite(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		run(t, db, "DELETE FROM django_migrations WHERE name LIKE '0012%'", "DELETE FROM django_migrations WHERE app = 'admin'")
		want := []string{
			"auth.0012_alter_user_first_name_max_length", "admin.0001_initial",
			"admin.0002_logentry_remove_auto_add", "admin.0003_logentry_add_action_flag_choices",
		}
		if got, err := db.LeftToDjango(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("LeftToDjango = %v, %v", got, err)
		}
		run(t, db, "DROP TABLE django_admin_log")
		if got, err := db.LeftToDjango(t.Context()); err != nil || !slices.Equal(got, want[:1]) {
			t.Errorf("LeftToDjango without admin = %v, %v", got, err)
		}
	})
}

// A database with tables of a program that is no Django gets the whole set.
func TestMigrateBesideOtherTables(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db, _ := e.empty(t)
		run(t, db, "CREATE TABLE orders (id integer PRIMARY KEY)")
		if done, err := db.Migrate(t.Context()); err != nil || len(done) != created+recorded {
			t.Errorf("Migrate = %v, %v", done, err)
		}
	})
}

// Where Migrate was broken off on MySQL, after any number of statements, the
// next one takes up where it stopped.
func TestMigrateResumes(t *testing.T) {
	whole := engines[2].db(t)
	want := catalog(t, whole)
	text, err := os.ReadFile("internal/schema/mysql.sql")
	must(t, err)
	statements := strings.Split(string(text), ";\n")
	for n := 1; n < len(statements); n += 2 {
		db, _ := engines[2].empty(t)
		run(t, db, statements[:n]...)
		done, err := db.Migrate(t.Context())
		if err != nil || len(done) != created-n+recorded {
			t.Errorf("after %d tables: %v, %v", n, done, err)
		}
		if diff := cmp.Diff(want, catalog(t, db)); diff != "" {
			t.Errorf("after %d tables: %s", n, diff)
		}
		for table, want := range map[string]int{"django_migrations": recorded, "django_content_type": 6, "auth_permission": 24} {
			if got := count(t, db, table); got != want {
				t.Errorf("after %d tables: %s has %d rows, want %d", n, table, got, want)
			}
		}
	}
}
