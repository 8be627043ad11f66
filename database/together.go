package database

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/flow"
)

const (
	// maxTogether is how many pairs one statement reads at most.
	maxTogether = 64
	// patience is how long pairs wait for a statement that is slow.
	patience = 2 * time.Millisecond
)

// errAlone means that a pair is to be read by a statement of its own.
var errAlone = errors.New("database: the statement for several failed")

// together reads pairs. One that comes alone is read at once, by its own request. Those
// that come before it is done wait for that, or for patience, and travel in one statement.
// No request waits for a cancelled one, nor gets an error that is only another's.
type together struct {
	db *DB

	mu     sync.Mutex // guards what follows
	flying int        // statements in flight
	queue  []*waiter
	timer  *time.Timer // runs while there is a queue
}

// waiter is a request that waits for its pair.
type waiter struct {
	*pair
	done chan struct{} // closed once err and the pair are as they stay
	err  error

	flight *flight // nil in the queue; guarded by together.mu
}

// flight is a statement for several.
type flight struct {
	cancel  context.CancelFunc
	waiting int // guarded by together.mu
}

// read reads a pair, or returns an error as [DB.row] does.
func (t *together) read(ctx context.Context, p *pair) error {
	t.mu.Lock()
	if t.flying == 0 {
		t.flying++
		t.mu.Unlock()
		defer t.land()
		return t.db.pairAlone(ctx, p)
	}
	timer := flow.Start(ctx)
	w := &waiter{pair: p, done: make(chan struct{})}
	t.queue = append(t.queue, w)
	if len(t.queue) == 1 {
		t.wind()
	}
	t.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		t.leave(w)
		return fmt.Errorf("database: session and user row read: %w", ctx.Err())
	}
	if errors.Is(w.err, errAlone) {
		return t.db.pairAlone(ctx, p)
	}
	if w.err == nil || errors.Is(w.err, ErrNotFound) {
		emitRow(ctx, timer, &t.db.queries.pair, w.pair, w.err == nil)
	}
	return w.err
}

// wind has the queue depart after patience.
func (t *together) wind() {
	if t.timer != nil {
		t.timer.Reset(patience)
		return
	}
	t.timer = time.AfterFunc(patience, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.depart()
	})
}

// land ends a flight; what waited departs.
func (t *together) land() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying--
	t.depart()
}

// leave is the end of waiting for a request that was cancelled. A flight for nobody ends.
func (t *together) leave(w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.flight == nil {
		for i, other := range t.queue {
			if other == w {
				t.queue = append(t.queue[:i], t.queue[i+1:]...)
				return
			}
		}
		return
	}
	if w.flight.waiting--; w.flight.waiting == 0 {
		w.flight.cancel()
	}
}

// depart sends the queue off. Of two that want the same session one stays for the next time.
func (t *together) depart() {
	if len(t.queue) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight{cancel: cancel}
	aboard := make(map[string]*waiter, min(len(t.queue), maxTogether))
	var left []*waiter
	for _, w := range t.queue {
		if aboard[w.key] != nil || len(aboard) == maxTogether {
			left = append(left, w)
			continue
		}
		aboard[w.key] = w
		w.flight = f
	}
	f.waiting = len(aboard)
	t.queue = left
	if len(left) > 0 {
		t.wind()
	} else {
		t.timer.Stop()
	}
	t.flying++
	go func() {
		defer t.land()
		defer cancel()
		t.fly(ctx, aboard)
	}()
}

// fly reads what is aboard and tells each waiter what came of it.
func (t *together) fly(ctx context.Context, aboard map[string]*waiter) {
	read := map[string]*pair{}
	err := t.db.pairsTogether(ctx, aboard, read)
	switch class := t.db.class(err); {
	case err == nil:
	case class == dialect.Lost || class == dialect.Transient: // it is everybody's
		err = t.db.explain(&t.db.queries.pair, err)
	default: // it may be about one
		err = errAlone
	}
	for key, w := range aboard {
		p := read[key]
		switch {
		case err != nil:
			w.err = err
		case p == nil:
			w.err = ErrNotFound
		default:
			w.session, w.row = p.session, p.row
		}
		close(w.done)
	}
}

// pairsTogether reads the pairs that are aboard by one statement.
func (db *DB) pairsTogether(ctx context.Context, aboard map[string]*waiter, read map[string]*pair) error {
	var keys, ids []string
	var users []any
	var first *pair
	for key, w := range aboard {
		if first == nil || w.now.Before(first.now) {
			first = w.pair
		}
		keys, ids, users = append(keys, key), append(ids, w.id), append(users, w.user)
	}
	q := &db.queries.pairsTogether
	if first.ending {
		q = &db.queries.pairsAndEndings
	}
	args := []any{keys, db.dialect.Bind(first.now), db.userKeys(users), ids}[:q.Marks]
	return db.retry(ctx, true, func(db *DB) error {
		clear(read)
		return db.readRows(ctx, q.Text, db.args(q, args), func(scan dialect.Scan) error {
			p := &pair{ending: first.ending}
			db.clear(p)
			if err := scan(p.dest()...); err != nil {
				return err
			}
			read[p.session.Key] = p
			return nil
		})
	})
}

// userKeys returns the argument that is a list of users.
func (db *DB) userKeys(users []any) any {
	if db.users.uuid {
		texts := make([]string, len(users))
		for i, u := range users {
			texts[i] = u.(string)
		}
		return texts
	}
	numbers := make([]int64, len(users))
	for i, u := range users {
		numbers[i] = u.(int64)
	}
	return numbers
}
