package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// IndexedSession is a row of coatcheck_session, which says whose a session is:
// Django's own table does not. It holds no session key.
type IndexedSession struct {
	// KeyHash names the session: the SHA-256 of its key in 64 hexadecimal digits.
	KeyHash string
	// UserID is whose it is, as User.ID.
	UserID string
	// Locator is by what the session's key is found, at most 255 characters.
	Locator string `json:"-"`
	// Method tells how its user signed in, at most 40 characters.
	Method string
	// IP and UserAgent are those of the last request, at most 45 and 512 characters.
	IP        string
	UserAgent string
	// Created is when the session was first seen, LastSeen when it was last seen,
	// to a few minutes.
	Created  time.Time
	LastSeen time.Time
}

// InsertIndexedSession adds a row, and reports whether it did: false where there
// is one already.
func (db *DB) InsertIndexedSession(ctx context.Context, s IndexedSession) (bool, error) {
	if err := check(field{"key hash", s.KeyHash, 64}, field{"user id", s.UserID, 64}, field{"locator", s.Locator, 255},
		field{"method", s.Method, 40}, field{"ip", s.IP, 45}, field{"user agent", s.UserAgent, 512}); err != nil {
		return false, err
	}
	count, err := db.exec(ctx, &db.own.insertIndexed, s.KeyHash, s.UserID, s.Locator, s.Method, s.IP, s.UserAgent,
		db.dialect.Bind(s.Created), db.dialect.Bind(s.LastSeen))
	if errors.Is(err, ErrDuplicate) {
		return false, nil
	}
	return count > 0, err
}

// SeenIndexedSession writes where and when a session of the user was seen, and by what
// its key can be found again, and reports whether it is in the index.
func (db *DB) SeenIndexedSession(ctx context.Context, s IndexedSession) (bool, error) {
	if err := check(field{"locator", s.Locator, 255}, field{"ip", s.IP, 45}, field{"user agent", s.UserAgent, 512}); err != nil {
		return false, err
	}
	count, err := db.exec(ctx, &db.own.seenIndexed, s.KeyHash, s.UserID, s.IP, s.UserAgent, db.dialect.Bind(s.LastSeen), s.Locator)
	return count > 0, err
}

// MoveIndexedSession gives the row of a session that got a new key the new hash
// and locator, and reports whether there was one of this user.
func (db *DB) MoveIndexedSession(ctx context.Context, oldHash string, s IndexedSession) (bool, error) {
	count, err := db.exec(ctx, &db.own.moveIndexed, oldHash, s.UserID, s.KeyHash, s.Locator)
	if errors.Is(err, ErrDuplicate) {
		return false, nil
	}
	return count > 0, err
}

// DeleteIndexedSession removes a row. One that is not there is no error.
func (db *DB) DeleteIndexedSession(ctx context.Context, keyHash string) error {
	_, err := db.exec(ctx, &db.own.deleteIndexed, keyHash)
	return err
}

// IndexedSession fetches the row of a session, or ErrNotFound.
func (db *DB) IndexedSession(ctx context.Context, keyHash string) (*IndexedSession, error) {
	if !storable(keyHash) {
		return nil, fmt.Errorf("database: indexed session: %w", ErrNotFound)
	}
	all, err := db.indexed(ctx, &db.own.indexedByHash, keyHash)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0 || all[0].KeyHash != keyHash: // MySQL ignores case
		return nil, fmt.Errorf("database: indexed session: %w", ErrNotFound)
	}
	return &all[0], nil
}

// IndexedSessions lists the sessions of a user, the last seen first, at most limit:
// those that come after the one given, and the first ones after the zero
// IndexedSession. They may have ended since.
func (db *DB) IndexedSessions(ctx context.Context, userID string, last IndexedSession, limit int) ([]IndexedSession, error) {
	if last.LastSeen.IsZero() {
		last.LastSeen = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return db.indexed(ctx, &db.own.indexedByUser, userID, db.dialect.Bind(last.LastSeen), last.KeyHash, limit)
}

// WalkIndexedSessions lists the sessions of a user in the order of their hashes, at
// most limit: those after the hash given, the first ones after "". What is seen or
// added meanwhile does not disturb the order.
func (db *DB) WalkIndexedSessions(ctx context.Context, userID, after string, limit int) ([]IndexedSession, error) {
	return db.indexed(ctx, &db.own.indexedOfUser, userID, after, limit)
}

// IndexedSessionsBefore lists sessions that were last seen before a time, the
// oldest first, at most limit.
func (db *DB) IndexedSessionsBefore(ctx context.Context, before time.Time, limit int) ([]IndexedSession, error) {
	return db.indexed(ctx, &db.own.indexedBefore, db.dialect.Bind(before), limit)
}

func (db *DB) indexed(ctx context.Context, q *dialect.Query, args ...any) ([]IndexedSession, error) {
	var all []IndexedSession
	err := db.rows(ctx, q, args, func(rows *sql.Rows) error {
		var s IndexedSession
		err := rows.Scan(&s.KeyHash, &s.UserID, &s.Locator, &s.Method, &s.IP, &s.UserAgent,
			&dialect.Time{Dest: &s.Created, Dialect: db.dialect}, &dialect.Time{Dest: &s.LastSeen, Dialect: db.dialect})
		all = append(all, s)
		return err
	}, func() { all = nil })
	return all, err
}

// SessionKeys lists the keys of sessions in django_session that begin with prefix
// and have not expired at now. It costs a look-up in the primary key's index. The
// prefix must be of letters and digits, 8 at least; anything else begins no key.
func (db *DB) SessionKeys(ctx context.Context, prefix string, now time.Time) ([]string, error) {
	if !isPrefix(prefix) {
		return nil, nil
	}
	var keys []string
	from, to := db.dialect.PrefixArgs(prefix)
	err := db.rows(ctx, &db.own.sessionKeys, []any{from, to, db.dialect.Bind(now)}, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	}, func() { keys = nil })
	return keys, err
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
	var all []Session
	err := db.rows(ctx, &db.own.sessionsAfter, []any{after, last.Key, limit}, func(rows *sql.Rows) error {
		var s Session
		expires := dialect.SpelledTime{Time: dialect.Time{Dest: &s.Expires, Dialect: db.dialect}}
		if err := rows.Scan(&s.Key, &s.Data, &expires); err != nil {
			return fmt.Errorf("walk sessions: %w", err)
		}
		s.spelled = expires.Text
		all = append(all, s)
		return nil
	}, func() { all = nil })
	if len(all) > 0 && all[len(all)-1].Key == last.Key { // SQLite sorts what is no text behind all texts
		return nil, err
	}
	return all, err
}
