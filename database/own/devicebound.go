package own

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// DeviceBinding is a row of coatcheck_device_bound: the key to which a session is bound. It
// holds no secret, for the private half never leaves the device.
type DeviceBinding struct {
	// ID is 26 random characters, which the session and the cookie of the device have too.
	ID string
	// UserID is whose session it is, as User.ID.
	UserID string
	// Algorithm is "ES256" or "RS256", and PublicKey the key as a JWK.
	Algorithm, PublicKey string
	// Refreshes is how often the device has shown its key since.
	Refreshes int64
	Created   time.Time
	// Refreshed is when it did so last, Created at first.
	Refreshed time.Time
	// Expires is when no session can name the row any more.
	Expires time.Time
}

// LogValue has the user alone.
func (b DeviceBinding) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", b.UserID), slog.String("algorithm", b.Algorithm))
}

// deviceQueries are the statements about sessions that are bound to devices.
type deviceQueries struct {
	insert, byID, refresh, miss, removeAll, removeExpired dialect.Query
}

func newDeviceQueries(d *dialect.Dialect) (q deviceQueries) {
	const columns = "id, user_id, algorithm, public_key, refreshes"
	q.insert = d.Query("device binding inserted", "INSERT INTO coatcheck_device_bound ("+columns+
		", missed, created, refreshed, expires) VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?5, ?6)"+d.DoNothing("id"))
	q.byID = d.Query("device binding read", "SELECT "+columns+", "+d.TimeColumn("created")+", "+
		d.TimeColumn("refreshed")+", "+d.TimeColumn("expires")+" FROM coatcheck_device_bound WHERE id = ?1")
	q.byID.Write = true // of a row that was written just now
	q.refresh = d.Query("device binding refreshed", "UPDATE coatcheck_device_bound SET refreshes = ?2 + 1,"+
		" refreshed = ?3, expires = ?4 WHERE id = ?1 AND refreshes = ?2")
	q.miss = d.Query("device binding missed",
		"UPDATE coatcheck_device_bound SET missed = 1 WHERE id = ?1 AND missed = 0")
	q.removeAll = d.Query("user's device bindings deleted",
		"DELETE FROM coatcheck_device_bound WHERE user_id = ?1")
	q.removeExpired = d.Query("expired device bindings deleted",
		"DELETE FROM coatcheck_device_bound WHERE expires <= ?1")
	return q
}

// InsertDeviceBinding stores a binding; database.ErrDuplicate where there is one of that ID. If
// several requests store one ID at once, exactly one succeeds.
func (s *Store) InsertDeviceBinding(ctx context.Context, b DeviceBinding) error {
	if err := column.Check(column.Of("id", b.ID, 32), column.Of("user id", b.UserID, 64),
		column.Of("algorithm", b.Algorithm, 8), column.Of("public key", b.PublicKey, 0)); err != nil {
		return err
	}
	return s.insertOne(ctx, "insert device binding", &s.q.devices.insert, b.ID, b.UserID,
		b.Algorithm, b.PublicKey, s.d.Bind(b.Created), s.d.Bind(b.Expires))
}

// DeviceBinding fetches a binding by its ID, or database.ErrNotFound.
func (s *Store) DeviceBinding(ctx context.Context, id string) (*DeviceBinding, error) {
	if !column.Storable(id) {
		return nil, fmt.Errorf("database: device binding: %w", database.ErrNotFound)
	}
	var b DeviceBinding
	err := s.db.Row(ctx, &s.q.devices.byID, []any{id}, &b.ID, &b.UserID, &b.Algorithm, &b.PublicKey,
		&b.Refreshes, &dialect.Time{Dest: &b.Created, Dialect: s.d},
		&dialect.Time{Dest: &b.Refreshed, Dialect: s.d}, &dialect.Time{Dest: &b.Expires, Dialect: s.d})
	if errors.Is(err, database.ErrNotFound) || err == nil && b.ID != id { // MySQL ignores case
		return nil, fmt.Errorf("database: device binding: %w", database.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &b, nil
}

// RefreshDeviceBinding stores that the device has shown its key, with the Refreshed and Expires
// of b, and reports whether it did: if several requests know one value of Refreshes, exactly one
// succeeds.
func (s *Store) RefreshDeviceBinding(ctx context.Context, b DeviceBinding) (bool, error) {
	count, err := s.db.Exec(ctx, &s.q.devices.refresh, b.ID, b.Refreshes, s.d.Bind(b.Refreshed),
		s.d.Bind(b.Expires))
	return count > 0, err
}

// MissDeviceBinding stores that the session was used without its device, and reports whether that
// is new.
func (s *Store) MissDeviceBinding(ctx context.Context, id string) (bool, error) {
	if !column.Storable(id) {
		return false, nil
	}
	count, err := s.db.Exec(ctx, &s.q.devices.miss, id)
	return count > 0, err
}

// DeleteDeviceBindings removes the bindings of a user's sessions, which are refused then.
func (s *Store) DeleteDeviceBindings(ctx context.Context, userID string) error {
	_, err := s.db.Exec(ctx, &s.q.devices.removeAll, userID)
	return err
}

// DeleteExpiredDeviceBindings removes bindings that have expired at now.
func (s *Store) DeleteExpiredDeviceBindings(ctx context.Context, now time.Time) error {
	_, err := s.db.Exec(ctx, &s.q.devices.removeExpired, s.d.Bind(now))
	return err
}
