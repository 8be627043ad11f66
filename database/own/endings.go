package own

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
)

// Ending returns the number of the last ending of the user's sessions, or 0 if
// there was none; see [Store.NextEnding]. It costs a look-up by the primary key.
func (s *Store) Ending(ctx context.Context, userID string) (int64, error) {
	var n int64
	err := s.db.Row(ctx, &s.q.ending, []any{userID}, &n)
	if errors.Is(err, database.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// NextEnding ends all sessions that bear an older number, and returns the new one.
// A login stores the number of its time in its session, and a session whose number
// is not the present one is over, in whichever store it is. Numbers only grow: each
// is the time in microseconds since 1970, or one more than the last. So a login that
// bears none, such as a Django's, can be told by its time.
func (s *Store) NextEnding(ctx context.Context, userID string, now time.Time) (n int64, err error) {
	if err := column.Check(column.Of("user id", userID, 64)); err != nil {
		return 0, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		for range tries {
			count, err := s.db.Exec(ctx, &s.q.nextEnding, userID, now.UnixMicro())
			if err != nil {
				return err
			}
			if count > 0 {
				return s.db.Row(ctx, &s.q.endingNow, []any{userID}, &n)
			}
			if _, err := s.db.Exec(ctx, &s.q.firstEnding, userID); err != nil && !errors.Is(err, database.ErrDuplicate) {
				return err
			}
		}
		return fmt.Errorf("database: next ending: the row comes and goes: %w", database.ErrConflict)
	})
	return n, err
}
