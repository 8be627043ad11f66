package testenv

import (
	"database/sql"
	"testing"
)

func TestFreshDatabases(t *testing.T) {
	for name, engine := range map[string]*sqlEngine{"PostgreSQL": postgres, "MariaDB": mariadb} {
		t.Run(name, func(t *testing.T) {
			var names []string
			t.Run("each test has its own", func(t *testing.T) {
				for range 2 {
					d := engine.fresh(t)
					names = append(names, d.Name)
					db, err := sql.Open(engine.driver, d.DSN())
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { db.Close() })
					if _, err := db.ExecContext(t.Context(), "CREATE TABLE auth_user (username VARCHAR(150))"); err != nil {
						t.Error(err)
					}
				}
			})
			if len(names) != 2 || names[0] == names[1] {
				t.Fatalf("names %q, want two different ones", names)
			}
			for _, gone := range names {
				db, err := sql.Open(engine.driver, engine.admin.named(gone).DSN())
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if db.PingContext(t.Context()) == nil {
					t.Errorf("the database %s outlives its test", gone)
				}
			}
		})
	}
}
