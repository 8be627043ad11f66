package schema

import (
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "mysql"} {
		tables, err := Tables(engine)
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, table := range tables {
			known[table.Name] = true
			if len(table.Statements) == 0 || !strings.HasPrefix(table.Statements[0], "CREATE TABLE") {
				t.Errorf("%s: %s: %q", engine, table.Name, table.Statements)
			}
			for _, statement := range table.Statements {
				if !strings.HasPrefix(statement, "CREATE ") || strings.Contains(statement, ";") {
					t.Errorf("%s: %s: %q", engine, table.Name, statement)
				}
			}
		}
		want := []string{Ledger}
		for _, app := range Apps {
			want = append(want, app.Tables...)
		}
		for _, name := range want {
			if !known[name] {
				t.Errorf("%s: %s is missing", engine, name)
			}
		}
		if len(tables) != len(want) {
			t.Errorf("%s: %d tables, want %d", engine, len(tables), len(want))
		}
	}
	if _, err := Tables("oracle"); err == nil {
		t.Error("there are tables for oracle")
	}
}
