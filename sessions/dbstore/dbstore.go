// Package dbstore keeps sessions in the database, in Django's table django_session (Django:
// django.contrib.sessions.backends.db). It is on floor 2, the session engine.
package dbstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
)

// Rows is the part of database.DB that the store uses.
type Rows interface {
	// SessionByKey returns the row, or database.ErrNotFound where there is none
	// or it has expired at now.
	SessionByKey(ctx context.Context, key string, now time.Time) (*database.Session, error)
	// InsertSession adds a row, or returns database.ErrDuplicate.
	InsertSession(ctx context.Context, s database.Session) error
	// UpdateSession replaces data and expiry of the row whose data still is
	// loaded; else it returns database.ErrConflict, or database.ErrNotFound
	// where the row is gone.
	UpdateSession(ctx context.Context, s database.Session, loaded string) error
	// MoveSession returns the row of old another key, data and expiry, if its data still
	// is loaded; the errors are those of UpdateSession, and database.ErrDuplicate where
	// the key of s is taken.
	MoveSession(ctx context.Context, old string, s database.Session, loaded string) error
	// DeleteSession removes the row, if it is there.
	DeleteSession(ctx context.Context, key string) error
	// DeleteExpiredSessions removes at most limit rows that expired before now
	// and returns how many.
	DeleteExpiredSessions(ctx context.Context, now time.Time, limit int) (int64, error)
	// SessionKeys lists the keys that begin with prefix of rows that have not
	// expired at now.
	SessionKeys(ctx context.Context, prefix string, now time.Time) ([]string, error)
	// WalkSessions lists rows that have not expired at now, in the database's order of
	// their keys, at most limit of those after the key given.
	WalkSessions(ctx context.Context, after string, now time.Time, limit int) ([]database.Session, error)
}

// Store is a sessions.Store over a database. It is safe for concurrent use.
type Store struct {
	rows  Rows
	db    *database.DB // rows, where it is one; else nil
	codec *sessions.Codec
}

var (
	_ sessions.Store   = (*Store)(nil)
	_ sessions.Clearer = (*Store)(nil)
	_ sessions.Finder  = (*Store)(nil)
	_ sessions.Walker  = (*Store)(nil)
)

// New returns a store over the rows, which a *database.DB is, with the codec that
// signs their data.
func New(rows Rows, codec *sessions.Codec) *Store {
	db, _ := rows.(*database.DB)
	return &Store{rows: rows, db: db, codec: codec}
}

// maxKeyLength is the width of the column.
const maxKeyLength = 40

// Load reads the row of key, unless it has expired, and in the same statement the user to
// whom it is likely to belong; see database.Along.
func (s *Store) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if len(key) > maxKeyLength {
		return nil, sessions.ErrNotFound
	}
	if s.db == nil {
		row, err := s.rows.SessionByKey(ctx, key, time.Now())
		if err != nil {
			return nil, translate(err)
		}
		return s.record(row), nil
	}
	row, along, err := s.db.SessionAndUser(ctx, key, time.Now())
	if err != nil {
		return nil, translate(err)
	}
	r := s.record(row)
	if along != nil {
		r.Along = along.Context
	}
	return r, nil
}

func (s *Store) record(row *database.Session) *sessions.Record {
	r := s.codec.Record(row.Data)
	r.Expires = row.Expires
	return r
}

// row is what the table gets.
func (s *Store) row(key string, r *sessions.Record) (database.Session, error) {
	data, err := s.codec.Encode(r.Data)
	return database.Session{Key: key, Data: data, Expires: r.Expires}, err
}

// Stored returns session_data and expire_date of the row of key, even if it has expired. It
// returns sessions.ErrNotFound if there is no row.
func (s *Store) Stored(ctx context.Context, key string) (text string, expires time.Time, err error) {
	if len(key) > maxKeyLength {
		return "", time.Time{}, sessions.ErrNotFound
	}
	row, err := s.rows.SessionByKey(ctx, key, time.Unix(0, 0))
	if err != nil {
		return "", time.Time{}, translate(err)
	}
	return row.Data, row.Expires, nil
}

// Create inserts a row.
func (s *Store) Create(ctx context.Context, key string, r *sessions.Record) error {
	row, err := s.row(key, r)
	if err != nil {
		return err
	}
	if err := s.rows.InsertSession(ctx, row); err != nil {
		return translate(err)
	}
	r.Version = row.Data
	return nil
}

// Update replaces the row if its session_data still is what was loaded.
func (s *Store) Update(ctx context.Context, key string, r *sessions.Record) error {
	row, err := s.row(key, r)
	if err != nil {
		return err
	}
	if err := s.rows.UpdateSession(ctx, row, r.Version); err != nil {
		return translate(err)
	}
	r.Version = row.Data
	return nil
}

// Move returns the row another key, in one statement.
func (s *Store) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	row, err := s.row(new, r)
	if err != nil {
		return err
	}
	if err := s.rows.MoveSession(ctx, old, row, r.Version); err != nil {
		return translate(err)
	}
	r.Version = row.Data
	return nil
}

// Delete removes the row.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.rows.DeleteSession(ctx, key)
}

// FindKeys finds keys by the index of the primary key.
func (s *Store) FindKeys(ctx context.Context, prefix string) ([]string, error) {
	return s.rows.SessionKeys(ctx, prefix, time.Now())
}

// batch is how many rows one statement removes, so that none holds locks for long, and
// piece how many a walk reads at a time.
const (
	batch = 1000
	piece = 500
)

// Walk reads the rows in the order of their keys.
func (s *Store) Walk(ctx context.Context, f func(key string, d sessions.Data) error) error {
	after := ""
	for {
		rows, err := s.rows.WalkSessions(ctx, after, time.Now(), piece)
		if err != nil {
			return err
		}
		before := after
		for _, row := range rows {
			after = row.Key
			data, err := s.codec.Decode(row.Data)
			if err != nil {
				continue
			}
			if err := f(row.Key, data); err != nil {
				return err
			}
		}
		if len(rows) < piece || after == before { // SQLite sorts what is no text behind all texts
			return nil
		}
	}
}

// ClearExpired removes expired rows in small batches (Django: clear_expired).
func (s *Store) ClearExpired(ctx context.Context) (int64, error) {
	var total int64
	for {
		n, err := s.rows.DeleteExpiredSessions(ctx, time.Now(), batch)
		total += n
		if err != nil || n < batch {
			return total, err
		}
	}
}

// translate returns the sessions' name of a database error.
func translate(err error) error {
	switch {
	case errors.Is(err, database.ErrNotFound):
		return sessions.ErrNotFound
	case errors.Is(err, database.ErrDuplicate):
		return sessions.ErrExists
	case errors.Is(err, database.ErrConflict):
		return sessions.ErrConflict
	case errors.Is(err, database.ErrReadOnly):
		return fmt.Errorf("%w: %w", sessions.ErrStoreReadOnly, err)
	}
	return err
}

// Changes returns how the database tells of changes to sessions.
func (s *Store) Changes() (*changes.Channel, error) {
	if s.db == nil {
		return nil, errors.New("dbstore: the rows are not those of a *database.DB, and tell of no changes")
	}
	return s.db.Changes()
}
