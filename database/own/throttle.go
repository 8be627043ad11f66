package own

import (
	"context"
	"errors"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/throttle"
)

// Throttle is a throttle.Store in the table coatcheck_throttle, one of our own
// which all nodes of a site share. It survives a restart.
//
// Times are those of the nodes' own clocks, in microseconds. A clock that goes
// ahead of another one by a second gives attempts back a second too early, and a
// clock that is set back keeps people waiting for as much longer: keep the clocks
// together, by NTP for instance.
type Throttle struct{ s *Store }

var _ throttle.Store = Throttle{}

// Throttle returns the store. It costs no query.
func (s *Store) Throttle() Throttle { return Throttle{s} }

// DeleteIdleThrottles deletes rows of budgets that had been whole for a minute at
// now, the longest ones first, at most limit of them (0 or less: all), and
// reports how many. They mean nothing any more. The minute is for clocks that
// differ. It works in small statements, each for itself.
func (s *Store) DeleteIdleThrottles(ctx context.Context, now time.Time, limit int) (int64, error) {
	whole := now.Add(-time.Minute).UnixMicro()
	return s.db.Batches(limit, func(batch int64) (int64, error) {
		return s.db.Exec(ctx, &s.q.throttle.deleteIdle, whole, batch)
	})
}

// takeTries bounds how often Take looks again because the row came or went in
// between.
const takeTries = 10

// errThrottleRow: the row came and went each time.
var errThrottleRow = errors.New("database: attempt taken: another one was always faster")

// errThrottleTx: a rollback would give the attempt back.
var errThrottleTx = errors.New("database: an attempt is not counted in a transaction, which could undo it; authenticate before the transaction begins")

// Take uses an attempt, in one UPDATE where the row is there, and in one INSERT
// where it is not. Of many at once each does either, and the row decides.
func (t Throttle) Take(ctx context.Context, name string, limit throttle.Limit) (time.Duration, error) {
	if t.s.db.InTx(ctx) {
		return 0, errThrottleTx
	}
	q, every := &t.s.q.throttle, limit.Every.Microseconds()
	slack := int64(limit.Burst-1) * every
	for range takeTries {
		now := t.now()
		count, err := t.s.db.Exec(ctx, &q.take, name, now, every, now+slack)
		if err != nil || count > 0 {
			return 0, err
		}
		var tat int64
		switch err := t.s.db.Row(ctx, &q.read, []any{name}, &tat); {
		case errors.Is(err, database.ErrNotFound):
			count, err := t.s.db.Exec(ctx, &q.add, name, now+every)
			if errors.Is(err, database.ErrDuplicate) { // MySQL
				continue
			}
			if err != nil || count > 0 {
				return 0, err
			}
		case err != nil:
			return 0, err
		case tat > now+slack:
			return time.Duration(tat-now-slack) * time.Microsecond, nil
		}
	}
	return 0, errThrottleRow
}

// Give returns an attempt back.
func (t Throttle) Give(ctx context.Context, name string, limit throttle.Limit) error {
	_, err := t.s.db.Exec(ctx, &t.s.q.throttle.give, name, limit.Every.Microseconds())
	return err
}

// Reset restores a budget.
func (t Throttle) Reset(ctx context.Context, name string) error {
	_, err := t.s.db.Exec(ctx, &t.s.q.throttle.reset, name)
	return err
}

func (t Throttle) now() int64 {
	if t.s.clock != nil {
		return t.s.clock().UnixMicro()
	}
	return time.Now().UnixMicro()
}
