package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// catalogs are queries that together tell everything about the tables of a
// database: columns, constraints, indexes. Every row becomes one line.
var catalogs = map[string][]string{
	"sqlite": {`SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'`},
	"postgres": {
		// A column that a migration dropped leaves a gap in ordinal_position.
		`SELECT 'column', table_name, row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position),
			column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity, identity_generation, collation_name
			FROM information_schema.columns WHERE table_schema = 'public'`,
		`SELECT 'constraint', conrelid::regclass, conname, contype, pg_get_constraintdef(oid), condeferrable, condeferred
			FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
		`SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'`,
		`SELECT 'sequence', sequencename, data_type, start_value, increment_by, cycle, cache_size
			FROM pg_sequences WHERE schemaname = 'public'`,
	},
	"mysql": {
		`SELECT 'column', table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra,
			character_set_name, collation_name FROM information_schema.columns WHERE table_schema = DATABASE()`,
		`SELECT 'index', table_name, index_name, non_unique, seq_in_index, column_name, collation, index_type
			FROM information_schema.statistics WHERE table_schema = DATABASE()`,
		`SELECT 'constraint', table_name, constraint_name, constraint_type
			FROM information_schema.table_constraints WHERE table_schema = DATABASE()`,
		`SELECT 'reference', table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
			FROM information_schema.key_column_usage WHERE table_schema = DATABASE()`,
		`SELECT 'rule', table_name, constraint_name, update_rule, delete_rule
			FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()`,
		`SELECT 'check', table_name, constraint_name, check_clause
			FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()`,
		`SELECT 'table', table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE()`,
	},
}

// catalog describes the tables of a database, one thing a line, sorted.
func catalog(t testing.TB, db *database.DB) []string {
	t.Helper()
	var lines []string
	for _, query := range catalogs[db.Engine()] {
		rows, err := db.SQL().QueryContext(t.Context(), query)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values := make([]sql.NullString, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			must(t, rows.Scan(into...))
			line := ""
			for _, v := range values {
				line += " | " + v.String
			}
			lines = append(lines, line)
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
	slices.Sort(lines)
	return lines
}

// empty opens a fresh database without creating anything.
func (e engine) empty(t testing.TB) (*database.DB, testenv.Database) {
	t.Helper()
	where := e.fresh(t)
	return e.look(t, where), where
}

// look opens a database that a test has, without creating anything.
func (e engine) look(t testing.TB, where testenv.Database) *database.DB {
	t.Helper()
	db, err := e.open(t.Context(), where.DSN(), nil, true)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// The tables are those of real Django 6.1, as its final schema was recorded: the
// record is loaded into an empty database, and both are described. On SQLite the
// text of the statements itself is the same.
func TestTablesAreDjangos(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		recorded, _ := e.empty(t)
		path := filepath.Join("testdata", "ddl", "final-"+e.schema+"-dj61.sql")
		text, err := os.ReadFile(path)
		must(t, err)
		for _, statement := range strings.Split(string(text), ";\n") {
			// Only the sqlite3 shell writes this into what it prints.
			statement = strings.Replace(statement, "CREATE TABLE IF NOT EXISTS", "CREATE TABLE", 1)
			statement = regexp.MustCompile(`AUTO_INCREMENT=\d+`).ReplaceAllString(statement, "")
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := recorded.SQL().ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v\n%s", path, err, statement)
			}
		}
		own := func(line string) bool { return strings.Contains(line, "coatcheck_") }
		want, got := catalog(t, recorded), slices.DeleteFunc(catalog(t, e.db(t)), own)
		if len(want) < 25 {
			t.Fatalf("only %d lines describe the recorded tables", len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-Django's +ours)\n%s", diff)
		}
	})
}

// run runs statements on a database of a test.
func run(t testing.TB, db *database.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.SQL().ExecContext(context.Background(), statement); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", statement, err))
		}
	}
}
