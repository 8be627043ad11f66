package database

import (
	"context"
	"fmt"
)

// ReplaceEmail writes a user's e-mail address where the row still holds the old
// one, byte for byte, and reports whether it did: false means that the user is
// gone or the address was changed meanwhile. ErrDuplicate where users sign in by
// the address and another has the new one; ErrInvalid where the user model has
// none.
func (db *DB) ReplaceEmail(ctx context.Context, id, old, new string) (bool, error) {
	if err := check(field{"email", new, 254}); err != nil {
		return false, err
	}
	q := &db.queries.replaceEmail
	if q.Text == "" {
		return false, fmt.Errorf("database: the user model has no email to store: %w", ErrInvalid)
	}
	n, ok := db.userKey(id)
	if !ok || !storable(old) {
		return false, nil
	}
	count, err := db.exec(ctx, q, n, new, old)
	return count > 0, err
}
