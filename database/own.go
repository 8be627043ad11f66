package database

import (
	"context"

	"github.com/coatcheck/coatcheck/database/internal/schema"
)

// HasOwnTables reports whether the tables that are ours are all there: those of
// the session index, of endings, links, emails, locks and of the throttle. They are
// where the database was opened without NoCreate, or Migrate was called once.
func (db *DB) HasOwnTables(ctx context.Context) (bool, error) {
	present, err := db.tables(ctx)
	return hasOwn(present), err
}

func hasOwn(present map[string]bool) bool {
	for _, migration := range schema.Own {
		for _, table := range migration.Tables {
			if !present[table] {
				return false
			}
		}
	}
	return true
}

// createOwn creates what is absent of our own tables, and returns what is to be
// recorded in the ledger.
func (m *migration) createOwn(ctx context.Context, recorded map[string]bool) ([]schema.App, error) {
	tables, err := schema.OwnTables(m.db.dialect.Name)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	var unrecorded []schema.App
	for _, migration := range schema.Own {
		for _, table := range migration.Tables {
			wanted[table] = true
		}
		if !recorded[migration.Label+"."+migration.Migrations[0]] {
			unrecorded = append(unrecorded, migration)
		}
	}
	return unrecorded, m.createTables(ctx, tables, wanted)
}
