package database

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Ending returns the number of the last ending of the user's sessions, or 0 if
// there was none; see [DB.NextEnding]. It costs a look-up by the primary key.
func (db *DB) Ending(ctx context.Context, userID string) (int64, error) {
	var n int64
	err := db.row(ctx, &db.own.ending, []any{userID}, &n)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// NextEnding ends all sessions that bear an older number, and returns the new one.
// A login stores the number of its time in its session, and a session whose number
// is not the present one is over, in whichever store it is. Numbers only grow: each
// is the time in microseconds since 1970, or one more than the last. So a login that
// bears none, such as a Django's, can be told by its time.
func (db *DB) NextEnding(ctx context.Context, userID string, now time.Time) (n int64, err error) {
	if err := check(field{"user id", userID, 64}); err != nil {
		return 0, err
	}
	err = db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		for range tries {
			count, err := tx.exec(ctx, &tx.own.nextEnding, userID, now.UnixMicro())
			if err != nil {
				return err
			}
			if count > 0 {
				return tx.row(ctx, &tx.own.endingNow, []any{userID}, &n)
			}
			if _, err := tx.exec(ctx, &tx.own.firstEnding, userID); err != nil && !errors.Is(err, ErrDuplicate) {
				return err
			}
		}
		return fmt.Errorf("database: next ending: the row comes and goes: %w", ErrConflict)
	})
	return n, err
}

// Ending returns the number of the last ending of the user's sessions as of when
// the user was read, if that was by [DB.UserByID]; else known is false.
func (u User) Ending() (n int64, known bool) { return u.ending, u.endingKnown }
