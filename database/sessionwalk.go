package database

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
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

// SessionsAfter lists sessions in the order in which the database sorts their expiry and
// key, those after the one given, at most limit: a walk through the table in pieces. It
// begins after the zero Session, whose time no row has. In SQLite a time is a text, and
// other programs spell it otherwise: the walk goes by the text, so it always goes forward,
// and Expires is zero where the text is no time.
func (db *DB) SessionsAfter(ctx context.Context, last Session, limit int) ([]Session, error) {
	if last.Expires.IsZero() {
		last.Expires = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	after := db.dialect.Bind(last.Expires)
	if last.spelled != "" {
		after = last.spelled
	}
	all, err := collect(ctx, db, &db.queries.sessionsAfter, []any{after, last.Key, limit}, func(rows *sql.Rows, s *Session) error {
		expires := dialect.SpelledTime{Time: dialect.Time{Dest: &s.Expires, Dialect: db.dialect}}
		if err := rows.Scan(&s.Key, &s.Data, &expires); err != nil {
			return fmt.Errorf("walk sessions: %w", err)
		}
		s.spelled = expires.Text
		return nil
	})
	if len(all) > 0 && all[len(all)-1].Key == last.Key { // SQLite sorts what is no text behind all texts
		return nil, err
	}
	return all, err
}
