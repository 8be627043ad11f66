package memory_test

import (
	"context"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions/memory"
)

// breaker is between a node and what it hears, whatever the store.
type breaker struct {
	mu     sync.Mutex // guards what follows
	cancel []context.CancelFunc
	held   sync.RWMutex // held while nothing passes
}

// only returns b for a node that is to be cut off, and nil for another.
func (b *breaker) only(behind bool) *breaker {
	if !behind {
		return nil
	}
	return b
}

// through is for memory.Memory.Through.
func (b *breaker) through(watch memory.Watch) memory.Watch {
	return func(ctx context.Context, to changes.Hearer) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		b.mu.Lock()
		b.cancel = append(b.cancel, cancel)
		b.mu.Unlock()
		return watch(ctx, &slow{b, to})
	}
}

// cut ends all channels.
func (b *breaker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, cancel := range b.cancel {
		cancel()
	}
	b.cancel = nil
}

// hold lets nothing pass for a while.
func (b *breaker) hold(d time.Duration) {
	b.held.Lock()
	defer b.held.Unlock()
	time.Sleep(d)
}

// slow is a changes.Hearer that waits while its breaker holds.
type slow struct {
	breaker *breaker
	to      changes.Hearer
}

func (s *slow) wait() {
	s.breaker.held.RLock()
	defer s.breaker.held.RUnlock()
}

func (s *slow) Session(d changes.Digest) { s.wait(); s.to.Session(d) }
func (s *slow) User(id string)           { s.wait(); s.to.User(id) }
func (s *slow) Everything()              { s.wait(); s.to.Everything() }
func (s *slow) Current(at time.Time)     { s.wait(); s.to.Current(at) }
