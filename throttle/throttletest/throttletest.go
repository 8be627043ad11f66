// Package throttletest checks that a throttle.Store does what the interface promises. It is
// on floor 0, for tests.
package throttletest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/throttle"
)

// hourly leaves a test no time to get an attempt back.
var hourly = throttle.Limit{Burst: 5, Every: time.Hour}

// TestStore tests a store. Each call of open gives stores, one or more, that share
// what they keep, as the nodes of a site do; it may have been used before.
func TestStore(t *testing.T, open func(t *testing.T) []throttle.Store) {
	names := throttle.NewNames(t.Name() + time.Now().String())
	for _, test := range []struct {
		name string
		run  func(t *testing.T, stores []throttle.Store, name func(value string) string)
	}{
		{"Burst", testBurst},
		{"Wait", testWait},
		{"Give", testGive},
		{"Reset", testReset},
		{"Parallel", testParallel},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, open(t), func(value string) string { return names.Name("test", test.name+value) })
		})
	}
}

// take uses an attempt and returns the time to wait.
func take(t *testing.T, s throttle.Store, name string, limit throttle.Limit) time.Duration {
	t.Helper()
	wait, err := s.Take(t.Context(), name, limit)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

// used wants so many attempts to be left, and takes them.
func used(t *testing.T, s throttle.Store, name string, limit throttle.Limit, left int) {
	t.Helper()
	for i := range left {
		if wait := take(t, s, name, limit); wait != 0 {
			t.Fatalf("attempt %d of %d has to wait for %v", i+1, left, wait)
		}
	}
	if wait := take(t, s, name, limit); wait <= limit.Every-time.Minute || wait > limit.Every {
		t.Fatalf("after %d attempts the wait is %v, of %v at most", left, wait, limit.Every)
	}
}

// testBurst: so many at once, and names have nothing to do with each other.
func testBurst(t *testing.T, stores []throttle.Store, name func(string) string) {
	used(t, stores[0], name("a"), hourly, 5)
	used(t, stores[0], name("a"), hourly, 0) // a refusal costs nothing and gives nothing
	used(t, stores[len(stores)-1], name("a"), hourly, 0)
	used(t, stores[0], name("b"), throttle.Limit{Burst: 1, Every: time.Hour}, 1)
}

// testWait: anyone who waits for as long as the store says has an attempt, and no
// sooner.
func testWait(t *testing.T, stores []throttle.Store, name func(string) string) {
	limit := throttle.Limit{Burst: 2, Every: 300 * time.Millisecond}
	start := time.Now()
	for n := 0; n < 4; {
		wait := take(t, stores[0], name(""), limit)
		if wait == 0 {
			n++
			continue
		}
		if wait > limit.Every {
			t.Fatalf("the wait is %v, of %v at most", wait, limit.Every)
		}
		time.Sleep(wait)
	}
	if took := time.Since(start); took < 2*limit.Every-10*time.Millisecond { // where the store has a clock of its own
		t.Errorf("four attempts took %v", took)
	}
}

func testGive(t *testing.T, stores []throttle.Store, name func(string) string) {
	s := stores[0]
	for range 3 { // whole already
		if err := s.Give(t.Context(), name(""), hourly); err != nil {
			t.Fatal(err)
		}
	}
	used(t, s, name(""), hourly, 5)
	for range 2 {
		if err := stores[len(stores)-1].Give(t.Context(), name(""), hourly); err != nil {
			t.Fatal(err)
		}
	}
	used(t, s, name(""), hourly, 2)
	for range 7 {
		if err := s.Give(t.Context(), name(""), hourly); err != nil {
			t.Fatal(err)
		}
	}
	used(t, s, name(""), hourly, 5)
}

func testReset(t *testing.T, stores []throttle.Store, name func(string) string) {
	s := stores[0]
	used(t, s, name(""), hourly, 5)
	used(t, s, name("other"), hourly, 5)
	for range 2 {
		if err := stores[len(stores)-1].Reset(t.Context(), name("")); err != nil {
			t.Fatal(err)
		}
	}
	used(t, s, name(""), hourly, 5)
	used(t, s, name("other"), hourly, 0)
}

// testParallel: of 500 at once, exactly the burst gets through.
func testParallel(t *testing.T, stores []throttle.Store, name func(string) string) {
	const guesses = 500
	var group sync.WaitGroup
	var taken atomic.Int64
	start := make(chan struct{})
	for i := range guesses {
		group.Go(func() {
			<-start
			wait, err := stores[i%len(stores)].Take(t.Context(), name(""), hourly)
			switch {
			case err != nil:
				t.Errorf("take: %v", err)
			case wait == 0:
				taken.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	if taken.Load() != int64(hourly.Burst) {
		t.Errorf("of %d attempts at once %d were taken, want %d", guesses, taken.Load(), hourly.Burst)
	}
}
