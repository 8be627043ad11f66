package coatcheck_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// without opens a database, as it is, that lacks one of our tables.
func without(t *testing.T, table string) *database.DB {
	t.Helper()
	return changed(t, "DROP TABLE "+table)
}

// changed opens a database, as it is, that a statement changed.
func changed(t *testing.T, statement string) *database.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	whole, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := whole.SQL().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Config{DSN: path, NoCreate: true}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestMissingTables: a table that is missing switches off the features that ask for it, no
// others, with a warning that names the table and the command.
func TestMissingTables(t *testing.T) {
	for _, test := range []struct {
		table    string
		accounts bool // work without it
		warnings int
	}{
		{own.SessionTable, false, 1},
		{own.LinkTable, false, 1},
		{own.EmailTable, false, 1},
		{own.NoticeTable, false, 1},
		{own.EndingTable, false, 2}, // accounts ask for it, and each session
		{own.ThrottleTable, true, 1},
		{own.LockTable, true, 1},
		{own.AuditTable, true, 1},
	} {
		t.Run(test.table, func(t *testing.T) {
			var log bytes.Buffer
			config := testConfig(t)
			config.Site.Logger = slog.New(slog.NewTextHandler(&log, nil))
			config.Database = without(t, test.table)
			site, err := coatcheck.New(config)
			if err != nil {
				t.Fatal(err)
			}
			if (site.Accounts != nil) != test.accounts {
				t.Errorf("accounts: %v, want %v", site.Accounts != nil, test.accounts)
			}
			if got := strings.Count(log.String(), "no table "+test.table); got != test.warnings {
				t.Errorf("%d warnings, want %d:\n%s", got, test.warnings, log.String())
			}
			if got := strings.Count(log.String(), "coatcheck migrate"); got != test.warnings {
				t.Errorf("%d warnings name the command:\n%s", got, log.String())
			}
			want := 2 // rows: the user's budget and the address's
			if test.table == own.ThrottleTable {
				want = 0
			}
			guesses(t, site)
			if got := throttleRows(t, config); got != want {
				t.Errorf("attempts in %d rows, want %d", got, want)
			}
		})
	}
}

// TestDatabaseKnowsNoOwnTable: the package of Django's rows names none of our tables.
func TestDatabaseKnowsNoOwnTable(t *testing.T) {
	for _, file := range glob(t, "database/*.go") {
		if !strings.HasSuffix(file, "_test.go") && strings.Contains(read(t, file), "coatcheck_") {
			t.Errorf("%s names a table of ours; its place is database/own", file)
		}
	}
}
