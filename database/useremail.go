package database

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/internal/fold"
)

// ReplaceEmail writes a user's email address where the row still holds the old one, byte
// for byte, and reports whether it did: false means that the user is gone or the address
// was changed concurrently. It returns ErrDuplicate where users sign in by the address
// and another has the new one in any spelling, as decided in its transaction; ErrInvalid
// if the user model has none.
func (db *DB) ReplaceEmail(ctx context.Context, id, old, new string) (bool, error) {
	if err := column.Check(column.Of("email", new, 254)); err != nil {
		return false, err
	}
	if db.queries.replaceEmail.Text == "" {
		return false, fmt.Errorf("database: the user model has no email to store: %w", ErrInvalid)
	}
	if err := db.Fits(ctx, &User{Email: new}); err != nil {
		return false, err
	}
	n, ok := db.userKey(id)
	if !ok || !column.Storable(old) {
		return false, nil
	}
	if !db.users.sameEmail {
		count, err := db.exec(ctx, &db.queries.replaceEmail, n, new, old)
		return count > 0, err
	}
	var replaced bool
	err := db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		return tx.locked(ctx, []string{"username:" + fold.Mailbox(new)}, func() error {
			owners, err := tx.UsersByMailbox(ctx, new)
			if err != nil {
				return err
			}
			for _, owner := range owners {
				if owner.ID != id {
					return ErrEmailTaken
				}
			}
			count, err := tx.exec(ctx, &tx.queries.replaceEmail, n, new, old)
			replaced = count > 0
			return err
		})
	})
	return replaced, err
}
