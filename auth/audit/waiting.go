package audit

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/lru"
	"github.com/coatcheck/coatcheck/sessions"
)

// The limits of what waits to be written.
const (
	// flushEvery is how long an event waits at most, and flushFull how many do not wait that long.
	flushEvery = time.Second
	flushFull  = 512
	// retryEvery is how long events wait for a database that takes none.
	retryEvery = 5 * time.Second
	// flushPiece is how many are written within flushTimeout.
	flushPiece   = 256
	flushTimeout = 5 * time.Second
	// maxWaiting is how many wait at most; each takes about half a kilobyte.
	maxWaiting = 8192
	// maxRefused is how many wait where one more that was refused has no room, so that a flood of
	// failed logins keeps out no event of something that was done.
	maxRefused = 6144
	// tellEvery is how often the log says at most that events were lost or are late.
	tellEvery = time.Minute
	// lockedOutEvery is how often login-throttled is recorded for one account or address, and
	// maxSeldom how many of these are remembered.
	lockedOutEvery = time.Minute
	maxSeldom      = 4096
)

// pending is an event that waits.
type pending struct {
	row     own.AuditRow
	session *sessions.Session // that has no key before it is stored; nil where it is known
}

// waiting are the events that wait. There are never more than maxWaiting. The first one sets a
// timer, which writes them all.
type waiting struct {
	busy chan struct{} // holds a value while they are written

	mu     sync.Mutex // guards what follows
	events []pending
	timer  *time.Timer // nil while nothing waits
	closed bool        // the database is

	lost   int       // since the log told last
	late   bool      // some could not be written, and wait on
	reason error     // of that
	told   time.Time // when the log told last
}

func newWaiting() *waiting { return &waiting{busy: make(chan struct{}, 1)} }

// add keeps an event until flush writes it. It never waits. What has no room is counted as lost.
func (w *waiting) add(e pending, flush func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	full := len(w.events) >= maxWaiting || e.row.Reason != "" && len(w.events) >= maxRefused
	if w.closed || full {
		w.lost++
		return
	}
	w.events = append(w.events, e)
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(flushEvery, flush)
	case len(w.events) == flushFull:
		w.timer.Reset(0)
	}
}

// take returns what waits, and takes it away. The caller holds busy.
func (w *waiting) take() []pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	taken := w.events
	w.timer, w.events = nil, nil
	return taken
}

// idle reports whether nothing waits, and nothing is being written.
func (w *waiting) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.events) == 0 && len(w.busy) == 0
}

// putBack keeps what could not be written, before what came since, and tries again later. The
// newest have no room first.
func (w *waiting) putBack(events []pending, reason error, flush func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late, w.reason = true, reason
	if w.closed {
		w.lost += len(events)
		return
	}
	all := append(events, w.events...)
	if len(all) > maxWaiting {
		w.lost += len(all) - maxWaiting
		all = all[:maxWaiting]
	}
	w.events = all
	if w.timer == nil {
		w.timer = time.AfterFunc(retryEvery, flush)
	} else {
		w.timer.Reset(retryEvery)
	}
}

// lose counts events that no column can hold.
func (w *waiting) lose(n int, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost += n
	w.reason = reason
}

// toTell returns how many events were lost, and whether some are late, where it is time to tell.
func (w *waiting) toTell(now time.Time) (lost int, late bool, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost == 0 && !w.late || now.Sub(w.told) < tellEvery && !w.closed {
		return 0, false, nil
	}
	lost, late, reason = w.lost, w.late, w.reason
	w.lost, w.late, w.reason, w.told = 0, false, nil, now
	return lost, late, reason
}

// Flush writes the events that wait, which otherwise happens within a second. Closing the
// database does it too. The error is a failure of the database; the events wait on.
func (l *Log) Flush(ctx context.Context) error {
	if l == nil || l.waiting.idle() {
		return nil
	}
	select {
	case l.waiting.busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.waiting.busy }()
	err := l.write(ctx, l.waiting.take())
	l.tell(ctx)
	return err
}

// tell logs what was lost or is late.
func (l *Log) tell(ctx context.Context) {
	lost, late, reason := l.waiting.toTell(time.Now())
	switch {
	case lost > 0:
		const lacks = "the audit log lacks events that could not be written"
		l.log.ErrorContext(ctx, lacks, "count", lost, "error", reason)
	case late:
		l.log.WarnContext(ctx, "events of the audit log could not be written; trying again", "error", reason)
	}
}

// flushLater is Flush for the timer.
func (l *Log) flushLater() { _ = l.Flush(context.Background()) } // the log tells

// close writes what waits before the database is closed, and lets nothing wait any more.
func (l *Log) close() {
	l.waiting.mu.Lock()
	l.waiting.closed = true
	l.waiting.mu.Unlock()
	l.flushLater()
}

// write writes events, and keeps those that could not be written.
func (l *Log) write(ctx context.Context, events []pending) error {
	for len(events) > 0 {
		piece := events[:min(len(events), flushPiece)]
		rows := make([]own.AuditRow, len(piece))
		for i, e := range piece {
			rows[i] = e.row
			if e.session != nil {
				rows[i].Session = l.sessionName(e.session)
			}
		}
		refused, err := own.EachRow(rows, func(rows []own.AuditRow) error { return l.insert(ctx, rows) })
		if err != nil {
			l.waiting.putBack(events, err, l.flushLater)
			return err
		}
		if refused > 0 {
			l.waiting.lose(refused, database.ErrInvalid)
		}
		events = events[len(piece):]
	}
	return nil
}

// insert adds rows. A name with characters that the database cannot hold keeps no event out.
func (l *Log) insert(ctx context.Context, rows []own.AuditRow) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	err := l.own.InsertAudit(ctx, rows)
	if len(rows) > 1 || !errors.Is(err, database.ErrInvalid) {
		return err
	}
	plain := rows[0]
	plain.UserID, plain.Username = ascii(plain.UserID), ascii(plain.Username)
	return l.own.InsertAudit(ctx, []own.AuditRow{plain})
}

// seldom remembers for what an event was recorded of late.
type seldom struct {
	mu    sync.Mutex // guards what follows
	marks *lru.Cache[string, time.Time]
}

// due reports whether the event is to be recorded, and remembers that it is.
func (s *seldom) due(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.marks.Get(key); ok && now.Sub(last) < lockedOutEvery {
		return false
	}
	s.marks.Set(key, now)
	return true
}

// throttleKey is for what login-throttled is recorded once a minute: the account, or the address,
// of IPv6 its network of 64 bits.
func throttleKey(row *own.AuditRow) string {
	if row.UserID != "" {
		return "user " + row.UserID
	}
	address, err := netip.ParseAddr(row.IP)
	if err == nil && address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return row.IP
}
