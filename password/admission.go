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

// gate admits hashing: at most workers at a time whose memory together stays in
// the budget, first come, first served. One that alone exceeds the budget runs
// when nothing else does.
type gate struct {
	workers  int
	memory   int64 // bytes
	maxWait  time.Duration
	maxQueue int

	mu      sync.Mutex // guards what follows
	running int
	used    int64         // memory of those that run
	mean    time.Duration // of a run, the last ones counting most
	queue   list.List     // of *waiter
}

// waiter is one place in the queue.
type waiter struct {
	memory  int64
	granted chan struct{} // closed, under mu, when its turn has come
}

// enter waits for a turn. The caller must call leave when the work is done.
func (g *gate) enter(ctx context.Context, memory int64) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, waitError(ctx)
	}
	g.mu.Lock()
	if g.queue.Len() == 0 && g.fits(memory) {
		g.take(memory)
		g.mu.Unlock()
		return g.leaver(memory), nil
	}
	if g.queue.Len() >= g.maxQueue || g.expectedWait() > g.patience(ctx) {
		g.mu.Unlock()
		return nil, ErrBusy
	}
	w := &waiter{memory: memory, granted: make(chan struct{})}
	place := g.queue.PushBack(w)
	g.mu.Unlock()
	return g.wait(ctx, w, place)
}

func (g *gate) wait(ctx context.Context, w *waiter, place *list.Element) (leave func(), err error) {
	timer := time.NewTimer(g.maxWait)
	defer timer.Stop()
	select {
	case <-w.granted:
		return g.leaver(w.memory), nil
	case <-ctx.Done():
		err = waitError(ctx)
	case <-timer.C:
		err = ErrBusy
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.granted: // in the same moment; the turn goes to the next one
		g.give(w.memory)
	default:
		g.queue.Remove(place)
	}
	g.admit()
	return nil, err
}

// leaver makes the function that gives the turn back and learns how long it was used.
func (g *gate) leaver(memory int64) func() {
	start := time.Now()
	return func() {
		took := time.Since(start)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.mean == 0 {
			g.mean = took
		}
		g.mean += (took - g.mean) / 8
		g.give(memory)
		g.admit()
	}
}

// expectedWait is how long the next in the queue will probably wait. The caller
// holds mu.
func (g *gate) expectedWait() time.Duration {
	return g.mean * time.Duration(g.queue.Len()) / time.Duration(g.workers)
}

// patience is how long somebody may wait.
func (g *gate) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(g.maxWait, time.Until(deadline))
	}
	return g.maxWait
}

// admit lets in whoever's turn has come. The caller holds mu.
func (g *gate) admit() {
	for front := g.queue.Front(); front != nil; front = g.queue.Front() {
		w := front.Value.(*waiter)
		if !g.fits(w.memory) {
			return
		}
		g.queue.Remove(front)
		g.take(w.memory)
		close(w.granted)
	}
}

func (g *gate) fits(memory int64) bool {
	return g.running == 0 || g.running < g.workers && memory <= g.memory-g.used
}

func (g *gate) take(memory int64) { g.running, g.used = g.running+1, g.used+memory }

func (g *gate) give(memory int64) { g.running, g.used = g.running-1, g.used-memory }

// waitError is the error for a context that is done: a deadline that passed
// means busy, a cancellation means that nobody wants to know any more.
func waitError(ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("password: %w", err)
}
