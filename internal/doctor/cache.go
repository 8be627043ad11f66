package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/findings"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

const (
	newest = "50"        // how many sessions are looked for in the cache
	slack  = time.Minute // by which a copy may end before its row
)

// Copies looks for the copies of the newest sessions in the cache of the engine cached_db.
func Copies(
	ctx context.Context, db *database.DB, cache cachestore.Cache, keys cachestore.Keys,
) (*findings.Cache, error) {
	seen := &findings.Cache{Engine: "cached_db"}
	x := &examination{db: db, sql: catalogs[db.Engine()]}
	live, err := x.newest(ctx)
	if err != nil {
		return nil, fmt.Errorf("newest sessions: %w", err)
	}
	for _, key := range live {
		row, err := db.SessionByKey(ctx, key, time.Now())
		if errors.Is(err, database.ErrNotFound) {
			continue // it just ended
		}
		if err != nil {
			return nil, err
		}
		name, err := keys.Make(cacheddb.KeyPrefix + key)
		if err != nil {
			continue // no cache has such a key
		}
		seen.Asked++
		entry, err := cache.Get(ctx, name)
		switch {
		case errors.Is(err, sessions.ErrNotFound):
			continue
		case err != nil:
			seen.Dead = true
			return seen, nil
		}
		seen.Found++
		if early := row.Expires.Sub(entry.Expires); !entry.Expires.IsZero() && early > slack {
			seen.Shorter++
			seen.By = max(seen.By, early)
		}
	}
	return seen, nil
}

// newest returns the keys of the live sessions that end last.
func (x *examination) newest(ctx context.Context) (keys []string, err error) {
	err = x.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT session_key FROM "+sessionTable+
			" WHERE expire_date > "+x.sql.mark+" ORDER BY expire_date DESC LIMIT "+newest, x.time(time.Now()))
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	return keys, err
}
