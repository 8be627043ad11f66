package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// turns records who got a turn, in order.
type turns struct {
	mu    sync.Mutex // guards order
	order []string
}

// hold waits for a turn of g, records it and holds it for a second.
func (r *turns) hold(t *testing.T, g *gate, ctx context.Context, who string, memory int64) {
	place, err := g.enter(ctx, need{memory: memory})
	if err != nil {
		t.Errorf("%s: %v", who, err)
		return
	}
	defer place.leave()
	r.mu.Lock()
	r.order = append(r.order, who)
	r.mu.Unlock()
	time.Sleep(time.Second)
}

// wants compares the order with the names in want.
func (r *turns) wants(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.order, want) {
		t.Errorf("turns of %q, want %q", r.order, want)
	}
}

// TestKnownClientsGoFirst: three of them, and then an unknown one that waits.
func TestKnownClientsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, got := newGate(1), turns{}
		g.maxWait = time.Minute
		go got.hold(t, g, t.Context(), "first", 1)
		synctest.Wait()
		for i := range 4 {
			go got.hold(t, g, t.Context(), fmt.Sprint("u", i), 1)
			synctest.Wait()
		}
		for i := range 7 {
			go got.hold(t, g, KnownClient(t.Context(), fmt.Sprint(i)), fmt.Sprint("k", i), 1)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		got.wants(t, strings.Fields("first k0 k1 k2 u0 k3 k4 k5 u1 k6 u2 u3")...)
		g.idle(t)
	})
}

// TestFloodLeavesPlacesForKnownClients: unknown clients that fill their queue make
// no known one wait for a place, and the other way round.
func TestFloodLeavesPlacesForKnownClients(t *testing.T) {
	for _, flooders := range []string{"unknown", "known"} {
		t.Run(flooders, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(1)
				g.maxQueue, g.maxWait = 20, time.Minute
				flood := func(int) context.Context { return t.Context() }
				other := KnownClient(t.Context(), "owner")
				if flooders == "known" {
					flood = func(i int) context.Context { return KnownClient(t.Context(), fmt.Sprint(i)) }
					other = t.Context()
				}
				busy := 0
				for i := range 60 {
					go func() {
						if errors.Is(g.hold(flood(i), 1, time.Second), ErrBusy) {
							busy++
						}
					}()
					synctest.Wait()
				}
				if busy != 39 {
					t.Errorf("%d of 60 are refused, want 39", busy)
				}
				start := time.Now()
				if err := g.hold(other, 1, 0); err != nil || time.Since(start) > 4*time.Second {
					t.Errorf("the other lane: %v after %v", err, time.Since(start))
				}
				time.Sleep(time.Minute)
				g.idle(t)
			})
		})
	}
}

// lanes counts those who wait in each lane.
func (g *gate) lanes() (known, unknown int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known.Len(), g.unknown.Len()
}

// TestKnownClientHasEightPlaces: the rest queues with the unknown ones, so that one
// client does not fill the lane of all known ones.
func TestKnownClientHasEightPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		g.maxQueue, g.maxWait = 20, time.Minute
		for range 40 {
			go func() { _ = g.hold(KnownClient(t.Context(), "one"), 1, time.Second) }()
			synctest.Wait()
		}
		if known, unknown := g.lanes(); known != 8 || unknown != 20 {
			t.Errorf("%d known and %d unknown clients wait", known, unknown)
		}
		go func() { _ = g.hold(KnownClient(t.Context(), ""), 1, time.Second) }()
		synctest.Wait()
		if known, _ := g.lanes(); known != 8 {
			t.Error("an empty name is a known client")
		}
		time.Sleep(time.Minute)
		g.idle(t)
	})
}

// TestKnownClientWaitsForNoMemoryOfOthers: it passes unknown ones that do not fit.
func TestKnownClientWaitsForNoMemoryOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, got := newGate(2), turns{}
		go got.hold(t, g, t.Context(), "big", 900)
		synctest.Wait()
		go got.hold(t, g, t.Context(), "too big", 900)
		synctest.Wait()
		got.hold(t, g, KnownClient(t.Context(), "owner"), "known", 100)
		time.Sleep(time.Minute)
		got.wants(t, "big", "known", "too big")
		g.idle(t)
	})
}

// TestExpectedWait: each lane counts its own, and those of the other that go before.
func TestExpectedWait(t *testing.T) {
	for _, test := range []struct{ known, unknown, forKnown, forUnknown int }{
		{0, 0, 0, 0}, {2, 0, 2, 0}, {0, 60, 0, 60}, {2, 60, 2, 62}, {7, 60, 9, 67}, {60, 2, 62, 8}, {9, 1, 10, 4},
	} {
		g := &gate{workers: 1, mean: time.Second}
		for range test.known {
			g.known.PushBack(nil)
		}
		for range test.unknown {
			g.unknown.PushBack(nil)
		}
		forKnown, forUnknown := g.expectedWait(&g.known)/time.Second, g.expectedWait(&g.unknown)/time.Second
		if forKnown != time.Duration(test.forKnown) || forUnknown != time.Duration(test.forUnknown) {
			t.Errorf("%d known and %d unknown wait: %d and %d, want %d and %d", test.known, test.unknown,
				forKnown, forUnknown, test.forKnown, test.forUnknown)
		}
	}
}
