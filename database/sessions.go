package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// deleteBatch is how many rows one statement deletes, so that none
// holds locks for long.
const deleteBatch = 500

// SessionByKey fetches the session with exactly this key, byte for byte, that
// has not expired at now. Everything else is ErrNotFound: an expired row, an
// empty key, a key that no column can hold.
func (db *DB) SessionByKey(ctx context.Context, key string, now time.Time) (*Session, error) {
	if !possibleKey(key) {
		return nil, fmt.Errorf("database: session: %w", ErrNotFound)
	}
	row := &sessionRow{}
	row.expires = dialect.Time{Dest: &row.Expires, Dialect: db.dialect}
	args := []any{key, db.dialect.Bind(now)}
	err := db.rowOf(ctx, &db.queries.sessionByKey, row, args, &row.Key, &row.Data, &row.expires)
	if errors.Is(err, ErrNotFound) || err == nil && row.Key != key { // MySQL ignores case
		return nil, fmt.Errorf("database: session: %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &row.Session, nil
}

// sessionRow is a Session with what reading it takes.
type sessionRow struct {
	Session
	expires dialect.Time
}

// SessionExists reports whether a row has this key, expired or not.
func (db *DB) SessionExists(ctx context.Context, key string) (bool, error) {
	if !possibleKey(key) {
		return false, nil
	}
	return db.exists(ctx, &db.queries.sessionExists, key)
}

// InsertSession inserts a new row; ErrDuplicate where the key exists. Django:
// save(must_create=True).
func (db *DB) InsertSession(ctx context.Context, s Session) error {
	if err := db.checkSession(s); err != nil {
		return err
	}
	count, err := db.exec(ctx, &db.queries.insertSession, s.Key, s.Data, db.dialect.Bind(s.Expires))
	if err == nil && count == 0 {
		err = fmt.Errorf("database: insert session: %w", ErrDuplicate)
	}
	return err
}

// UpdateSession writes data and expiry of the row with this key, provided that
// it still holds the data that was loaded, byte for byte: ErrNotFound where the
// row is gone (a session that was logged out stays dead), ErrConflict where its
// data is another one. It never inserts. A row that has expired and is still
// there comes back to life, as in Django.
func (db *DB) UpdateSession(ctx context.Context, s Session, loaded string) error {
	if err := db.checkSession(s); err != nil {
		return err
	}
	if !column.Storable(loaded) {
		return fmt.Errorf("database: update session: loaded data: %w", ErrInvalid)
	}
	count, err := db.exec(ctx, &db.queries.updateSession, s.Key, s.Data, db.dialect.Bind(s.Expires), loaded)
	if err != nil || count > 0 {
		return err
	}
	return db.whyNot(ctx, "update session", s.Key)
}

// MoveSession returns a row another key, and replaces data and expiry, where it still
// holds the data that was loaded, byte for byte, in one statement: ErrNotFound where
// the row is gone, ErrConflict where its data is another one, ErrDuplicate where the
// key of s is taken. There is never a row under both keys.
func (db *DB) MoveSession(ctx context.Context, old string, s Session, loaded string) error {
	if err := db.checkSession(s); err != nil {
		return err
	}
	if !possibleKey(old) {
		return fmt.Errorf("database: move session: %w", ErrNotFound)
	}
	if !column.Storable(loaded) {
		return fmt.Errorf("database: move session: loaded data: %w", ErrInvalid)
	}
	count, err := db.exec(ctx, &db.queries.moveSession, old, s.Key, s.Data, db.dialect.Bind(s.Expires), loaded)
	if err != nil || count > 0 {
		return err
	}
	return db.whyNot(ctx, "move session", old)
}

// whyNot distinguishes a row that is gone from one whose data is another.
func (db *DB) whyNot(ctx context.Context, what, key string) error {
	found, err := db.SessionExists(ctx, key)
	switch {
	case err != nil:
		return err
	case found:
		return fmt.Errorf("database: %s: %w", what, ErrConflict)
	}
	return fmt.Errorf("database: %s: %w", what, ErrNotFound)
}

// WalkSessions lists sessions that have not expired at now, in the order in which the
// database sorts their keys, at most limit: those after the key given, the first ones
// after "". Each call goes on where the last one ended. Expires is left zero: a date
// that is spelled oddly, as it can be in SQLite, ends no walk.
func (db *DB) WalkSessions(ctx context.Context, after string, now time.Time, limit int) ([]Session, error) {
	args := []any{after, db.dialect.Bind(now), limit}
	return collect(ctx, db, &db.queries.walkSessions, args, func(rows *sql.Rows, s *Session) error { return rows.Scan(&s.Key, &s.Data) })
}

// DeleteSession deletes the row with this key. An absent row is not an error.
func (db *DB) DeleteSession(ctx context.Context, key string) error {
	if !possibleKey(key) {
		return nil
	}
	_, err := db.exec(ctx, &db.queries.deleteSession, key)
	return err
}

// DeleteExpiredSessions deletes sessions that had expired before now, the
// longest expired first, at most limit of them (0 or less: all), and reports how
// many. It works in small statements, each for itself, so that it disturbs
// nobody and can be broken off. Django: clearsessions.
func (db *DB) DeleteExpiredSessions(ctx context.Context, now time.Time, limit int) (int64, error) {
	return db.inBatches(limit, func(batch int64) (int64, error) {
		return db.exec(ctx, &db.queries.deleteExpired, db.dialect.Bind(now), batch)
	})
}

// inBatches deletes at most limit rows (0 or less: all) by a statement that
// deletes so many at most.
func (db *DB) inBatches(limit int, remove func(batch int64) (int64, error)) (int64, error) {
	var total int64
	for limit <= 0 || total < int64(limit) {
		batch := int64(deleteBatch)
		if limit > 0 {
			batch = min(batch, int64(limit)-total)
		}
		count, err := remove(batch)
		total += count
		if err != nil || count < batch {
			return total, err
		}
	}
	return total, nil
}

// possibleKey reports whether a key can be in the column.
func possibleKey(key string) bool {
	return key != "" && len(key) <= 4*40 && column.Storable(key)
}

// checkSession refuses a session that the columns cannot hold.
func (db *DB) checkSession(s Session) error {
	if s.Key == "" {
		return fmt.Errorf("database: session key is empty: %w", ErrInvalid)
	}
	if err := column.Check(column.Of("session key", s.Key, 40), column.Of("session data", s.Data, 0)); err != nil {
		return err
	}
	return db.checkTime("expire_date", s.Expires)
}
