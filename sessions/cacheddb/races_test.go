package cacheddb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// scheduler runs several actors so that one of them does one operation on rows
// or cache at a time, in every order there is: each order is one run, and the
// next one differs in the last choice that has another left.
type scheduler struct {
	t       *testing.T
	path    []int // the choices of this run
	options []int // how many there were
}

// actor is one that waits for its turn.
type actor struct{ turn, ready chan struct{} }

type actorKey struct{}

// step is where an operation waits for its turn; outside of a run it does not.
func step(ctx context.Context) {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok {
		a.ready <- struct{}{}
		<-a.turn
	}
}

// run lets the actors do their work in the order of path.
func (s *scheduler) run(actors []func(ctx context.Context)) {
	s.options = s.options[:0]
	waiting := make([]*actor, len(actors))
	for i, act := range actors {
		a := &actor{make(chan struct{}), make(chan struct{})}
		waiting[i] = a
		go func() {
			defer close(a.ready)
			act(context.WithValue(s.t.Context(), actorKey{}, a))
		}()
		if _, more := <-a.ready; !more {
			waiting[i] = nil
		}
	}
	for n := 0; ; n++ {
		var able []int
		for i, a := range waiting {
			if a != nil {
				able = append(able, i)
			}
		}
		if len(able) == 0 {
			return
		}
		if n == len(s.path) {
			s.path = append(s.path, 0)
		}
		s.options = append(s.options, len(able))
		i := able[s.path[n]]
		waiting[i].turn <- struct{}{}
		if _, more := <-waiting[i].ready; !more {
			waiting[i] = nil
		}
	}
}

// next chooses the next order; false when all are done.
func (s *scheduler) next() bool {
	for n := len(s.options) - 1; n >= 0; n-- {
		if s.path[n]+1 < s.options[n] {
			s.path = append(s.path[:n], s.path[n]+1)
			return true
		}
	}
	return false
}

// slowRows and slowCache wait for their turn.
type slowRows struct{ *sessionstest.Memory }

func (s slowRows) Load(ctx context.Context, key string) (*sessions.Record, error) {
	step(ctx)
	return s.Memory.Load(ctx, key)
}

func (s slowRows) Update(ctx context.Context, key string, r *sessions.Record) error {
	step(ctx)
	return s.Memory.Update(ctx, key, r)
}

func (s slowRows) Delete(ctx context.Context, key string) error {
	step(ctx)
	return s.Memory.Delete(ctx, key)
}

type slowCache struct{ *memory }

func (s slowCache) Get(ctx context.Context, key string) (cachestore.Entry, error) {
	step(ctx)
	return s.memory.Get(ctx, key)
}

func (s slowCache) Add(ctx context.Context, key, value string, lifetime time.Duration) error {
	step(ctx)
	return s.memory.Add(ctx, key, value, lifetime)
}

func (s slowCache) Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error {
	step(ctx)
	return s.memory.Swap(ctx, key, old, value, lifetime)
}

func (s slowCache) Set(ctx context.Context, key, value string, lifetime time.Duration) error {
	step(ctx)
	return s.memory.Set(ctx, key, value, lifetime)
}

func (s slowCache) Delete(ctx context.Context, key string) error {
	step(ctx)
	return s.memory.Delete(ctx, key)
}

// every runs the actors in every order on a fresh store, and asks after each.
// cached reports whether there is a copy at the start.
func every(t *testing.T, cached bool, actors func(s *cacheddb.Store) []func(context.Context), check func(s *cacheddb.Store, row, copied string) string) {
	t.Helper()
	sched, runs := &scheduler{t: t}, 0
	for began := time.Now(); ; {
		rows, cache := sessionstest.NewMemory(), newMemory()
		rows.Put(key, `{"_auth_user_id":"1"}`)
		s := newStore(t, cacheddb.Config{Rows: slowRows{rows}, Cache: slowCache{cache}})
		if cached {
			if _, err := s.Load(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		sched.run(actors(s))
		runs++
		if wrong := check(s, rows.Sessions()[key], cache.copyOf()); wrong != "" {
			t.Fatalf("after %d orders, %v: %s", runs, sched.path, wrong)
		}
		if !sched.next() {
			t.Logf("%d orders in %v", runs, time.Since(began).Round(time.Millisecond))
			return
		}
	}
}

func reader(s *cacheddb.Store) func(context.Context) {
	return func(ctx context.Context) { _, _ = s.Load(ctx, key) }
}

func logout(t *testing.T, s *cacheddb.Store) func(context.Context) {
	return func(ctx context.Context) {
		if err := s.Delete(ctx, key); err != nil {
			t.Error(err)
		}
	}
}

// saver loads, changes and saves once; a conflict is somebody else's gain.
func saver(t *testing.T, s *cacheddb.Store, name string) func(context.Context) {
	return func(ctx context.Context) {
		r, err := s.Load(ctx, key)
		if errors.Is(err, sessions.ErrNotFound) {
			return
		}
		if err == nil {
			r.Expires = time.Now().Add(time.Hour)
			err = errors.Join(r.Data.Set(name, "1"), s.Update(ctx, key, r))
		}
		if err != nil && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrConflict) {
			t.Error(err)
		}
	}
}

func gone(s *cacheddb.Store, row, copied string) string {
	_, err := s.Load(context.Background(), key)
	if row != "" || copied != "" || !errors.Is(err, sessions.ErrNotFound) {
		return fmt.Sprintf("row %q, copy %q, load %v", row, copied, err)
	}
	return ""
}

func right(_ *cacheddb.Store, row, copied string) string {
	if copied != "" && copied != row {
		return fmt.Sprintf("row %s, copy %s", row, copied)
	}
	return ""
}

// TestEveryOrder is R3 and R4: a logout against readers that fill the cache and
// requests that save, and saves against each other, in every order of their
// operations.
func TestEveryOrder(t *testing.T) {
	type actors = func(s *cacheddb.Store) []func(context.Context)
	for name, tt := range map[string]struct {
		actors actors
		check  func(s *cacheddb.Store, row, copied string) string
	}{
		"reader and logout": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){reader(s), logout(t, s)}
		}, gone},
		"two readers and logout": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){reader(s), reader(s), logout(t, s)}
		}, gone},
		"save and logout": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){saver(t, s, "b"), logout(t, s)}
		}, gone},
		"save, reader and logout": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){saver(t, s, "b"), reader(s), logout(t, s)}
		}, gone},
		"two saves": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){saver(t, s, "b"), saver(t, s, "c")}
		}, right},
		"save and reader": {func(s *cacheddb.Store) []func(context.Context) {
			return []func(context.Context){saver(t, s, "b"), reader(s)}
		}, right},
	} {
		for start, cached := range map[string]bool{"copy": true, "no copy": false} {
			t.Run(name+", "+start, func(t *testing.T) {
				every(t, cached, tt.actors, tt.check)
			})
		}
	}
}
