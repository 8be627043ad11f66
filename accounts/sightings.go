package accounts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// The limits of what waits for the index.
const (
	// flushEvery is how long a sighting waits at most for its statement, and flushFull how many
	// sightings do not wait that long.
	flushEvery = 2 * time.Second
	flushFull  = 1024

	// flushPiece is how many are written within indexTimeout.
	flushPiece = 256

	// maxWaiting is how many sightings wait while the database takes none.
	maxWaiting = 8192

	// tellEvery is how often the log says at most that sightings were dropped.
	tellEvery = time.Minute
)

// sighting is what a request saw of a session.
type sighting struct {
	seen
	ours bool // a login here made it, so that it has a row unless rows were lost
}

// sightings wait to be written to the index, so that no request waits for that. There are never
// more than maxWaiting. The first one sets a timer, which writes them all.
type sightings struct {
	busy chan struct{} // holds a value while they are written

	mu      sync.Mutex          // guards what follows
	waiting map[string]sighting // by the session's key
	writing map[string]sighting // those that a statement is about, which is in flight
	ended   []string            // keys of sessions that ended while they were written
	timer   *time.Timer         // nil while nothing waits
	closed  bool                // the database is

	kept    uint64    // in all
	lost    uint64    // in all
	dropped int       // since the log told last
	reason  error     // of one of them; nil where it did not fit
	told    time.Time // when the log told last
}

func newSightings() *sightings {
	return &sightings{busy: make(chan struct{}, 1), waiting: map[string]sighting{}}
}

// add keeps a sighting until flush writes it, in place of an earlier one of the session. It
// never waits, and reports false where there is no room.
func (b *sightings) add(key string, s sighting, flush func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, again := b.waiting[key]
	if b.closed || !again && len(b.waiting) == maxWaiting {
		b.dropped++
		b.lost++
		return false
	}
	b.kept++
	b.waiting[key] = s
	switch {
	case b.timer == nil:
		b.timer = time.AfterFunc(flushEvery, flush)
	case !again && len(b.waiting) == flushFull:
		b.timer.Reset(0)
	}
	return true
}

// idle reports whether nothing waits, and nothing is being written.
func (b *sightings) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting) == 0 && len(b.busy) == 0
}

// of returns whose session it is that waits, or is being written.
func (b *sightings) of(key string) (userID string, waits bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, there := range []map[string]sighting{b.waiting, b.writing} {
		if s, ok := there[key]; ok {
			return s.userID, true
		}
	}
	return "", false
}

// drop forgets what waits about a session that has ended.
func (b *sightings) drop(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, key)
	if _, ok := b.writing[key]; ok {
		b.ended = append(b.ended, key)
	}
}

// take returns what waits of a user, or of all for "", and takes it away. The caller
// holds busy.
func (b *sightings) take(userID string) map[string]sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	if userID == "" {
		if b.timer != nil {
			b.timer.Stop()
		}
		b.timer, b.writing, b.waiting = nil, b.waiting, map[string]sighting{}
		return b.writing
	}
	b.writing = map[string]sighting{}
	for key, s := range b.waiting {
		if s.userID == userID {
			b.writing[key] = s
			delete(b.waiting, key)
		}
	}
	return b.writing
}

// done ends what take began, and returns the keys of the sessions that ended in between.
func (b *sightings) done() (ended []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ended = b.ended
	b.writing, b.ended = nil, nil
	return ended
}

// lose counts sightings that could not be written.
func (b *sightings) lose(n int, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped += n
	b.lost += uint64(max(0, n))
	b.reason = reason
}

// toTell returns how many sightings were dropped, and why, where it is time to tell.
func (b *sightings) toTell(now time.Time) (dropped int, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped == 0 || now.Sub(b.told) < tellEvery {
		return 0, nil
	}
	dropped, reason = b.dropped, b.reason
	b.dropped, b.reason, b.told = 0, nil, now
	return dropped, reason
}

// Sightings returns how many sightings of sessions wait to be written to the index, and how many
// were kept and dropped since the program began, for metrics.
func (s *Service) Sightings() (waiting int, kept, dropped uint64) {
	b := s.sightings
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), b.kept, b.lost
}

// Flush writes to the index what this node has seen of sessions, which otherwise happens within
// a few seconds. Site.Run does it at its end, and so does closing the database. The error is a
// failure of the database: what could not be written is written when it is seen again.
func (s *Service) Flush(ctx context.Context) error { return s.flush(ctx, "") }

// flushLater is Flush for the timer. It waits for a flush before it as long as that takes.
func (s *Service) flushLater() { _ = s.Flush(context.Background()) } // the log tells

// closeIndex writes what waits before the database is closed, and lets nothing wait any more.
func (s *Service) closeIndex() {
	s.flushLater()
	s.sightings.mu.Lock()
	defer s.sightings.mu.Unlock()
	s.sightings.closed = true
}

// settle writes what waits about a user before somebody looks at their sessions. In a
// transaction it does not wait for another flush, which may wait for that transaction.
func (s *Service) settle(ctx context.Context, userID string) {
	if s.db.Executor().InTx(ctx) && len(s.sightings.busy) > 0 {
		return
	}
	_ = s.flush(ctx, userID) // the log tells
}

// flush writes what waits of a user, or of all for "".
func (s *Service) flush(ctx context.Context, userID string) error {
	if s.sightings.idle() {
		return nil
	}
	select {
	case s.sightings.busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.sightings.busy }()
	taken := s.sightings.take(userID)
	err := s.write(ctx, taken)
	if ended := s.sightings.done(); len(ended) > 0 {
		err = errors.Join(err, s.own.DeleteIndexedSessions(ctx, hashes(ended)))
	}
	if dropped, reason := s.sightings.toTell(time.Now()); dropped > 0 {
		const lost = "the list of sessions misses when some were used; they are written at their next use"
		s.log.WarnContext(ctx, lost, "count", dropped, "error", reason)
	}
	return err
}

func hashes(keys []string) []string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = keyHash(key)
	}
	return all
}

// write writes sightings. What cannot be written counts as not seen.
func (s *Service) write(ctx context.Context, taken map[string]sighting) error {
	if len(taken) == 0 {
		return nil
	}
	rows, keys := make([]own.IndexedSession, 0, len(taken)), make(map[string]string, len(taken))
	for key, sighting := range taken {
		row := s.row(key, sighting.seen)
		rows, keys[row.KeyHash] = append(rows, row), key
	}
	for len(rows) > 0 {
		piece := rows[:min(len(rows), flushPiece)]
		refused, err := own.EachRow(piece, func(rows []own.IndexedSession) error {
			ctx, cancel := context.WithTimeout(ctx, indexTimeout)
			defer cancel()
			return s.writeRows(ctx, rows, keys, taken)
		})
		switch {
		case errors.Is(err, database.ErrReadOnly):
			s.stuck.Do(func() {
				const stuck = "the database is read-only: the list of sessions does not show when they " +
					"were used"
				s.log.WarnContext(ctx, stuck, "error", err)
			})
			return nil
		case err != nil:
			s.sightings.lose(len(rows), err)
			for _, row := range rows {
				s.recent.forget(keys[row.KeyHash])
			}
			return fmt.Errorf("accounts: index sessions: %w", err)
		case refused > 0: // not tried again before they are due
			s.sightings.lose(refused, database.ErrInvalid)
		}
		rows = rows[len(piece):]
	}
	return nil
}

// writeRows updates the rows that are due, and adds those that the index does not have. A
// session of ours that has no row was ended, most likely, and its row must not come back: a
// move of the session is not completed without it. So it is added only if the session lives.
func (s *Service) writeRows(
	ctx context.Context, rows []own.IndexedSession, keys map[string]string, taken map[string]sighting,
) error {
	written, err := s.own.SeeIndexedSessions(ctx, rows, writeEvery, writeMove)
	if err != nil || written == int64(len(rows)) {
		return err
	}
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = row.KeyHash
	}
	known, err := s.own.KnownIndexedSessions(ctx, all)
	if err != nil {
		return err
	}
	var missing []own.IndexedSession
	for _, row := range rows {
		if known[row.KeyHash] {
			continue
		}
		if key := keys[row.KeyHash]; taken[key].ours {
			lives, err := s.signsIn(ctx, key, row.UserID)
			if err != nil {
				return err
			}
			if !lives {
				continue
			}
		}
		missing = append(missing, row)
	}
	if err := s.own.InsertIndexedSessions(ctx, missing); err != nil {
		return err
	}
	for _, row := range missing {
		if !taken[keys[row.KeyHash]].ours {
			s.recordElsewhere(ctx, row, keys[row.KeyHash])
		}
	}
	return nil
}
