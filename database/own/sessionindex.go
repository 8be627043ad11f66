package own

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
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
	// Method reports how its user signed in, at most 40 characters.
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
func (s *Store) InsertIndexedSession(ctx context.Context, row IndexedSession) (bool, error) {
	if err := row.check(); err != nil {
		return false, err
	}
	count, err := s.db.Exec(ctx, &s.q.insertIndexed, s.insertArgs(row)...)
	if errors.Is(err, database.ErrDuplicate) {
		return false, nil
	}
	return count > 0, err
}

// SeenIndexedSession writes where and when a session of the user was seen, and by what
// its key can be found again, and reports whether it is in the index.
func (s *Store) SeenIndexedSession(ctx context.Context, row IndexedSession) (bool, error) {
	if err := column.Check(column.Of("locator", row.Locator, 255), column.Of("ip", row.IP, 45), column.Of("user agent", row.UserAgent, 512)); err != nil {
		return false, err
	}
	count, err := s.db.Exec(ctx, &s.q.seenIndexed, row.KeyHash, row.UserID, row.IP, row.UserAgent, s.d.Bind(row.LastSeen), row.Locator)
	return count > 0, err
}

// MoveIndexedSession returns the row of a session that got a new key the new hash
// and locator, and reports whether there was one of this user.
func (s *Store) MoveIndexedSession(ctx context.Context, oldHash string, row IndexedSession) (bool, error) {
	count, err := s.db.Exec(ctx, &s.q.moveIndexed, oldHash, row.UserID, row.KeyHash, row.Locator)
	if errors.Is(err, database.ErrDuplicate) {
		return false, nil
	}
	return count > 0, err
}

// DeleteIndexedSession removes a row. One that is not there is no error.
func (s *Store) DeleteIndexedSession(ctx context.Context, keyHash string) error {
	_, err := s.db.Exec(ctx, &s.q.deleteIndexed, keyHash)
	return err
}

// IndexedSession fetches the row of a session, or database.ErrNotFound.
func (s *Store) IndexedSession(ctx context.Context, keyHash string) (*IndexedSession, error) {
	if !column.Storable(keyHash) {
		return nil, fmt.Errorf("database: indexed session: %w", database.ErrNotFound)
	}
	all, err := s.indexed(ctx, &s.q.indexedByHash, keyHash)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0 || all[0].KeyHash != keyHash: // MySQL ignores case
		return nil, fmt.Errorf("database: indexed session: %w", database.ErrNotFound)
	}
	return &all[0], nil
}

// IndexedSessions lists the sessions of a user, the last seen first, at most limit:
// those that come after the one given, and the first ones after the zero
// IndexedSession. They may have ended since.
func (s *Store) IndexedSessions(ctx context.Context, userID string, last IndexedSession, limit int) ([]IndexedSession, error) {
	if last.LastSeen.IsZero() {
		last.LastSeen = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return s.indexed(ctx, &s.q.indexedByUser, userID, s.d.Bind(last.LastSeen), last.KeyHash, limit)
}

// WalkIndexedSessions lists the sessions of a user in the order of their hashes, at
// most limit: those after the hash given, the first ones after "". What is seen or
// added concurrently does not disturb the order.
func (s *Store) WalkIndexedSessions(ctx context.Context, userID, after string, limit int) ([]IndexedSession, error) {
	return s.indexed(ctx, &s.q.indexedOfUser, userID, after, limit)
}

// IndexedSessionsBefore lists sessions that were last seen before a time, the
// oldest first, at most limit.
func (s *Store) IndexedSessionsBefore(ctx context.Context, before time.Time, limit int) ([]IndexedSession, error) {
	return s.indexed(ctx, &s.q.indexedBefore, s.d.Bind(before), limit)
}

func (s *Store) indexed(ctx context.Context, q *dialect.Query, args ...any) ([]IndexedSession, error) {
	return database.Collect(ctx, s.db, q, args, func(row *IndexedSession) []any {
		return []any{
			&row.KeyHash, &row.UserID, &row.Locator, &row.Method, &row.IP, &row.UserAgent,
			&dialect.Time{Dest: &row.Created, Dialect: s.d}, &dialect.Time{Dest: &row.LastSeen, Dialect: s.d},
		}
	})
}
