package own_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// What the migrations do to a database that has none of them.
var (
	first = []string{
		"created table coatcheck_session", "created table coatcheck_link", "created table coatcheck_mail",
		"created table coatcheck_throttle", "recorded coatcheck.0001_initial",
	}
	second = []string{
		"created table coatcheck_ending", "created table coatcheck_lock", "created table coatcheck_notice",
		"recorded coatcheck.0002_endings",
	}
	third  = []string{"created table coatcheck_walk", "recorded coatcheck.0003_walks"}
	fourth = []string{"created table coatcheck_audit", "recorded coatcheck.0004_audit"}
)

// later is a migration such as the next one may be: it changes a table that has rows,
// and creates one.
const later = `-- A test's.

ALTER TABLE coatcheck_link ADD COLUMN note varchar(40) NOT NULL DEFAULT 'old';
CREATE TABLE coatcheck_later (
  id {id},
  at {time} NOT NULL,
  what {text} NOT NULL
);
CREATE INDEX coatcheck_later_at ON coatcheck_later (at);
UPDATE coatcheck_link SET note = 'kept' WHERE kind = 'email';
`

// through returns the migrations up to a number.
func through(number int) map[string]string {
	all := map[string]string{"0001_initial.sql": "", "0002_endings.sql": "", "0003_walks.sql": "", "0004_audit.sql": "", "0099_later.sql": later}
	for name := range all {
		if name > fmt.Sprintf("%04d~", number) {
			delete(all, name)
		}
	}
	return all
}

// eachEngine runs a test for every engine, with a database that is empty.
func eachEngine(t *testing.T, test func(t *testing.T, e engine, where testenv.Database)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { test(t, e, e.fresh(t)) })
	}
}

// TestMigrateFromTheFirst: a database that the first migration alone made gets the others, in
// their order, each recorded, and keeps its rows.
func TestMigrateFromTheFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine, where testenv.Database) {
		ctx := t.Context()
		own.Only(t, through(1))
		db := e.opened(t, where)
		if diff := cmp.Diff(first, db.Created()[len(db.Created())-len(first):]); diff != "" {
			t.Fatalf("the first: %s", diff)
		}
		link := own.Link{TokenHash: hash64(1), Kind: "email", UserID: "7", Created: noon, Expires: noon.Add(time.Hour)}
		must(t, own.New(db).InsertLink(ctx, link))

		own.Only(t, through(99))
		want := slices.Concat(second, third, fourth, []string{"created table coatcheck_later", "recorded coatcheck.0099_later"})
		planned, err := e.looked(t, where).Plan(ctx)
		must(t, err)
		if diff := cmp.Diff(want, planned.Lines()); diff != "" {
			t.Errorf("Plan: %s", diff)
		}
		db = e.opened(t, where)
		if diff := cmp.Diff(want, db.Created()); diff != "" {
			t.Errorf("Open: %s", diff)
		}
		var note string
		must(t, db.SQL().QueryRowContext(ctx, "SELECT note FROM coatcheck_link").Scan(&note))
		if note != "kept" {
			t.Errorf("the row has the note %q", note)
		}
		run(t, db, "INSERT INTO coatcheck_later (at, what) VALUES ('2026-01-02 03:04:05', 'x')")
		if again, err := e.looked(t, where).Plan(ctx); err != nil || len(again) != 0 {
			t.Errorf("afterwards the plan is %v, %v", again, err)
		}
	})
}

// TestMigrateFromToday: a database with all migrations of today gets a later one.
func TestMigrateFromToday(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine, where testenv.Database) {
		user(t, e.opened(t, where), "joe")
		own.Only(t, through(99))
		want := []string{"created table coatcheck_later", "recorded coatcheck.0099_later"}
		if diff := cmp.Diff(want, e.opened(t, where).Created()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestMigrateAgain: MySQL commits each statement, so a migration that was broken off
// goes on where it stopped. The other engines roll it back.
func TestMigrateAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine, where testenv.Database) {
		broken := through(99)
		broken["0099_later.sql"] += "UPDATE coatcheck_link SET nothing = 1;\n"
		own.Only(t, broken)
		if _, err := e.open(t.Context(), where.DSN(), false); err == nil || !strings.Contains(err.Error(), "nothing") {
			t.Fatalf("a migration that fails: %v", err)
		}
		if got := e.looked(t, where).Facts().Has("coatcheck_later"); got != (e.name == "mysql") {
			t.Errorf("the table is there: %v", got)
		}
		own.Only(t, through(99))
		db := e.opened(t, where)
		if got := db.Created(); len(got) == 0 || got[len(got)-1] != "recorded coatcheck.0099_later" {
			t.Errorf("the second time: %v", got)
		}
		run(t, db, "INSERT INTO coatcheck_later (at, what) VALUES ('2026-01-02 03:04:05', 'x')")
	})
}

// TestMigrateRestoresTables: a table that is gone although its migration is recorded, as
// after a backup that left it out, is made again with what later migrations did to it.
func TestMigrateRestoresTables(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine, where testenv.Database) {
		own.Only(t, through(99))
		run(t, e.opened(t, where), "DROP TABLE coatcheck_link", "DROP TABLE coatcheck_lock")
		db := e.opened(t, where)
		want := []string{"created table coatcheck_link", "created table coatcheck_lock"}
		if diff := cmp.Diff(want, db.Created()); diff != "" {
			t.Error(diff)
		}
		run(t, db, "UPDATE coatcheck_link SET note = ''")
	})
}

// TestMigrateWithoutLedger: where a program that is no Django made the tables, there is no
// django_migrations; it is made for the rows of our migrations.
func TestMigrateWithoutLedger(t *testing.T) {
	each(t, func(t *testing.T, _ *own.Store, db *database.DB) {
		run(t, db, "DROP TABLE django_migrations", "DROP TABLE coatcheck_notice")
		want := []string{
			"created table django_migrations", "recorded coatcheck.0001_initial",
			"created table coatcheck_notice", "recorded coatcheck.0002_endings", "recorded coatcheck.0003_walks",
			"recorded coatcheck.0004_audit", "recorded coatcheck.0005_totp", "recorded coatcheck.0006_passkeys",
			"recorded coatcheck.0007_oidc",
			"recorded coatcheck.0008_device_bound",
		}
		done, err := db.Migrate(t.Context())
		must(t, err)
		if diff := cmp.Diff(want, done); diff != "" {
			t.Error(diff)
		}
		if done, err := db.Migrate(t.Context()); err != nil || len(done) != 0 {
			t.Errorf("again: %v, %v", done, err)
		}
	})
}

// TestMissing: what is missing is named with its migration and the command, and is
// there once Migrate made it.
func TestMissing(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine, where testenv.Database) {
		own.Only(t, through(1))
		e.opened(t, where)
		own.Only(t, through(2))
		db := e.looked(t, where)
		must(t, own.Missing(db, own.SessionTable, own.LinkTable))
		err := own.Missing(db, own.SessionTable, own.EndingTable, own.NoticeTable)
		var missing *own.MissingError
		if !errors.As(err, &missing) {
			t.Fatalf("error %v", err)
		}
		if diff := cmp.Diff([]string{own.EndingTable, own.NoticeTable}, missing.Tables); diff != "" {
			t.Errorf("tables: %s", diff)
		}
		if diff := cmp.Diff([]string{"coatcheck.0002_endings"}, missing.Migrations); diff != "" {
			t.Errorf("migrations: %s", diff)
		}
		if !strings.Contains(err.Error(), "coatcheck migrate") {
			t.Errorf("the error names no command: %v", err)
		}
		_, err = db.Migrate(t.Context())
		must(t, err)
		must(t, own.Missing(db, own.EndingTable, own.NoticeTable))
	})
}

// TestFiles: the migrations are numbered without a gap, and each statement is about one of
// our tables.
func TestFiles(t *testing.T) {
	names, err := fs.Glob(os.DirFS("."), "*.sql")
	must(t, err)
	form := regexp.MustCompile(`^(\d{4})_[a-z0-9_]+$`)
	for _, e := range engines {
		all := own.Annex(e.name).Migrations
		if len(all) != len(names) {
			t.Fatalf("%s has %d migrations, and there are %d files", e.name, len(all), len(names))
		}
		for i, m := range all {
			if match := form.FindStringSubmatch(m.Name); match == nil || match[1] != fmt.Sprintf("%04d", i+1) {
				t.Errorf("migration %d is called %s", i+1, m.Name)
			}
			for _, statement := range m.Statements {
				if !strings.Contains(statement, " coatcheck_") || strings.ContainsAny(statement, "{};`") {
					t.Errorf("%s, %s: %s", e.name, m, statement)
				}
			}
		}
	}
}
