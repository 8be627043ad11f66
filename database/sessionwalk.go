package database

import (
	"context"
	"database/sql"
	"time"
)

// SessionKeys lists the keys of sessions in django_session that begin with prefix
// and have not expired at now. It costs a look-up in the primary key's index. The
// prefix must be of letters and digits, 8 at least; anything else begins no key.
func (db *DB) SessionKeys(ctx context.Context, prefix string, now time.Time) ([]string, error) {
	if !isPrefix(prefix) {
		return nil, nil
	}
	from, to := db.dialect.PrefixArgs(prefix)
	args := []any{from, to, db.dialect.Bind(now)}
	return collect(ctx, db, &db.queries.sessionKeys, args, func(rows *sql.Rows, key *string) error { return rows.Scan(key) })
}

func isPrefix(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(text) >= 8 && len(text) <= 40
}
