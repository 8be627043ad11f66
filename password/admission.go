package password

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrBusy: the queue for hashing is full, or a place did not come up within
// MaxWait or the context's deadline. Nothing was computed. To a client this is
// 503 or 429 with Retry-After; it says nothing about the account. Where the
// context's deadline was the reason, the error is context.DeadlineExceeded too.
var ErrBusy = errors.New("password: too busy to hash")

// gate admits hashing: at most workers turns at a time whose memory together stays in
// the budget. One that alone exceeds the budget runs when nothing else does. Two hashes of
// PBKDF2-SHA256 share a turn where all workers are busy.
//
// Known clients and unknown ones each have a lane: a queue with places of its
// own, first come, first served. Known clients go first, but of four turns one is
// for an unknown client that waits. So a flood of unknown clients costs a known one
// the rest of a running hash and a quarter of the turns, never the place.
type gate struct {
	workers  int
	memory   int64 // bytes
	maxWait  time.Duration
	maxQueue int // of each lane

	mu      sync.Mutex    // guards what follows
	running int           // turns
	single  []*turn       // those of one hash that may have a second
	resting []*thread     // those without a turn
	used    int64         // memory of the hashes that run
	mean    time.Duration // of a run, the last ones counting most
	unknown list.List     // of *waiter
	known   list.List     // of *waiter
	streak  int           // turns of known clients since the last one of an unknown client
	load    load          // the sums
	hashing int           // places that were entered and not left
}

// maxStreak is how many known clients go before an unknown one that waits.
const maxStreak = 3

// waiter is one place in a lane.
type waiter struct {
	client  string // the known client, or ""
	need    need
	turn    *turn         // set before granted is closed
	granted chan struct{} // closed, under mu, when its turn has come
}

// enter waits for a turn. The caller must leave the place when the work is done.
func (g *gate) enter(ctx context.Context, n need) (*place, error) {
	came := time.Now()
	p, err := g.queue(ctx, n)
	if err != nil {
		g.refused(err)
		return nil, err
	}
	g.admitted(came)
	return p, nil
}

// queue is enter, uncounted.
func (g *gate) queue(ctx context.Context, n need) (*place, error) {
	if err := ctx.Err(); err != nil {
		return nil, waitError(ctx)
	}
	g.mu.Lock()
	if g.unknown.Len()+g.known.Len() == 0 && g.fits(n) {
		t := g.take(n)
		g.mu.Unlock()
		return g.place(t, n), nil
	}
	w := &waiter{client: g.knownClient(ctx), need: n, granted: make(chan struct{})}
	lane := g.lane(w)
	if lane.Len() >= g.maxQueue || g.expectedWait(lane) > g.patience(ctx) {
		g.mu.Unlock()
		return nil, ErrBusy
	}
	element := lane.PushBack(w)
	g.admit() // a known client may fit where the unknown ones in front of it do not
	g.mu.Unlock()
	return g.wait(ctx, w, element)
}

func (g *gate) wait(ctx context.Context, w *waiter, element *list.Element) (*place, error) {
	timer := time.NewTimer(g.maxWait)
	defer timer.Stop()
	var err error
	select {
	case <-w.granted:
		return g.place(w.turn, w.need), nil
	case <-ctx.Done():
		err = waitError(ctx)
	case <-timer.C:
		err = ErrBusy
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.granted: // in the same moment; the turn goes to the next one
		g.give(w.turn, w.need)
	default:
		g.lane(w).Remove(element)
	}
	g.admit()
	return nil, err
}

func (g *gate) place(t *turn, n need) *place {
	return &place{gate: g, turn: t, need: n, start: time.Now()}
}

// lane returns the queue that the waiter stands in.
func (g *gate) lane(w *waiter) *list.List {
	if w.client != "" {
		return &g.known
	}
	return &g.unknown
}

// expectedWait is how long the next in a lane will probably wait: for those in
// front of it, and for those of the other lane that go before them. The caller
// holds mu.
func (g *gate) expectedWait(lane *list.List) time.Duration {
	ahead := g.known.Len() + min(g.unknown.Len(), g.known.Len()/maxStreak)
	if lane == &g.unknown {
		ahead = g.unknown.Len() + min(g.known.Len(), g.unknown.Len()*maxStreak)
	}
	return g.mean * time.Duration(ahead) / time.Duration(g.workers)
}

// patience is how long somebody may wait.
func (g *gate) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(g.maxWait, time.Until(deadline))
	}
	return g.maxWait
}

// admit lets in those whose turn has come. The caller holds mu.
func (g *gate) admit() {
	for lane := g.next(); lane.Len() > 0; lane = g.next() {
		front := lane.Front()
		w := front.Value.(*waiter)
		if !g.fits(w.need) {
			return
		}
		lane.Remove(front)
		g.streak++
		if w.client == "" {
			g.streak = 0
		}
		w.turn = g.take(w.need)
		close(w.granted)
	}
}

// next returns the lane whose turn it is. The caller holds mu.
func (g *gate) next() *list.List {
	if g.known.Len() == 0 || g.streak >= maxStreak && g.unknown.Len() > 0 {
		return &g.unknown
	}
	return &g.known
}

// waitError is the error for a context that is done: a deadline that passed
// means busy, a cancellation means that nobody wants to know any more.
func waitError(ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("password: %w", err)
}
