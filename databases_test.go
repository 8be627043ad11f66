package coatcheck_test

import (
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// onDatabases runs a test on a site on SQLite, PostgreSQL and MariaDB. The changes are made
// to each site's configuration.
func onDatabases(t *testing.T, test func(*testing.T, *coatchecktest.Site), changes ...func(*coatcheck.Config)) {
	t.Helper()
	for name, open := range map[string]func(t *testing.T) (*database.DB, error){
		"SQLite": nil,
		"PostgreSQL": func(t *testing.T) (*database.DB, error) {
			return postgres.Open(t.Context(), testenv.Postgres(t))
		},
		"MariaDB": func(t *testing.T) (*database.DB, error) {
			return mysql.Open(t.Context(), testenv.MariaDB(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := changes
			if open != nil {
				db, err := open(t)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = db.Close() })
				all = append([]func(*coatcheck.Config){func(c *coatcheck.Config) { c.Database = db }}, changes...)
			}
			test(t, coatchecktest.NewSite(t, all...))
		})
	}
}
