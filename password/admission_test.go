package password

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newGate(workers int) *gate {
	return &gate{workers: workers, memory: 1000, maxWait: 5 * time.Second, maxQueue: 100}
}

// waiting counts those in both lanes.
func (g *gate) waiting() int { return g.unknown.Len() + g.known.Len() }

// idle fails the test unless the gate is as new.
func (g *gate) idle(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running != 0 || g.used != 0 || g.waiting() != 0 {
		t.Errorf("left over: %d running, %d bytes, %d waiting", g.running, g.used, g.waiting())
	}
}

// hold keeps a turn for a time.
func (g *gate) hold(ctx context.Context, memory int64, d time.Duration) error {
	place, err := g.enter(ctx, need{memory: memory})
	if err != nil {
		return err
	}
	defer place.leave()
	time.Sleep(d)
	return nil
}

func TestGateIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		var order []int
		var running, most atomic.Int32
		var mu sync.Mutex
		for i := range 10 {
			go func() {
				place, err := g.enter(t.Context(), need{memory: 1})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				most.Store(max(most.Load(), running.Add(1)))
				mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				running.Add(-1)
				place.leave()
			}()
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if !slices.IsSorted(order) || len(order) != 10 || most.Load() != 2 {
			t.Errorf("order %v, at most %d at a time", order, most.Load())
		}
		g.idle(t)
	})
}

func TestGateGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		ctx   func(context.Context) (context.Context, context.CancelFunc)
		after time.Duration
		want  []error
		not   error
	}{
		"after MaxWait": {context.WithCancel, 5 * time.Second, []error{ErrBusy}, context.DeadlineExceeded},
		"at the deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		}, 2 * time.Second, []error{ErrBusy, context.DeadlineExceeded}, context.Canceled},
		"when cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, time.Second, []error{context.Canceled}, ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(1)
				go func() { _ = g.hold(context.Background(), 1, 20*time.Second) }()
				synctest.Wait()
				ctx, cancel := c.ctx(t.Context())
				defer cancel()
				start := time.Now()
				_, err := g.enter(ctx, need{memory: 1})
				if took := time.Since(start); took != c.after {
					t.Errorf("after %v", took)
				}
				for _, want := range c.want {
					if !errors.Is(err, want) {
						t.Errorf("%v is not %v", err, want)
					}
				}
				if errors.Is(err, c.not) {
					t.Errorf("%v is %v", err, c.not)
				}
				if g.waiting() != 0 {
					t.Error("still in the queue")
				}
				time.Sleep(20 * time.Second)
				g.idle(t)
			})
		})
	}
}

func TestGateRefusesWhomItCannotServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		g.maxQueue = 2
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.enter(done, need{memory: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %v", err)
		}
		for range 3 {
			go func() { _ = g.hold(t.Context(), 1, time.Second) }()
		}
		synctest.Wait()
		start := time.Now()
		if _, err := g.enter(t.Context(), need{memory: 1}); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
			t.Errorf("third in a queue of two: %v after %v", err, time.Since(start))
		}
		time.Sleep(5 * time.Second)
		g.idle(t)

		// Hashes take a second; the tenth would wait for longer than five.
		g.maxQueue = 100
		var served, busy atomic.Int32
		for range 20 {
			go func() {
				if err := g.hold(t.Context(), 1, time.Second); errors.Is(err, ErrBusy) {
					busy.Add(1)
				} else if err == nil {
					served.Add(1)
				}
			}()
		}
		synctest.Wait()
		early := busy.Load()
		if early < 10 {
			t.Errorf("only %d of 20 are refused at once", early)
		}
		time.Sleep(time.Minute)
		if served.Load() < 5 || served.Load()+busy.Load() != 20 {
			t.Errorf("%d served, %d busy (%d at once)", served.Load(), busy.Load(), early)
		}
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 2 {
			go func() { _ = g.hold(t.Context(), 1, time.Second) }()
		}
		synctest.Wait()
		start = time.Now()
		if _, err := g.enter(short, need{memory: 1}); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
			t.Errorf("a deadline that cannot be met: %v after %v", err, time.Since(start))
		}
		time.Sleep(5 * time.Second)
		g.idle(t)
	})
}

func TestGateBudgetsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(10)
		var running atomic.Int64
		hold := func(memory int64) {
			place, err := g.enter(t.Context(), need{memory: memory})
			if err != nil {
				t.Error(err)
				return
			}
			if sum := running.Add(memory); sum > 1000 && sum != memory {
				t.Errorf("%d bytes at a time", sum)
			}
			time.Sleep(100 * time.Millisecond)
			running.Add(-memory)
			place.leave()
		}
		for range 2 {
			go hold(400)
		}
		synctest.Wait()
		go hold(400) // waits for the memory
		synctest.Wait()
		if g.running != 2 || g.waiting() != 1 {
			t.Errorf("%d running, %d waiting", g.running, g.waiting())
		}
		go hold(1) // would fit, but nobody overtakes
		synctest.Wait()
		if g.waiting() != 2 {
			t.Errorf("%d waiting", g.waiting())
		}
		go hold(5000) // beyond the budget: alone, but it runs
		go hold(0)
		time.Sleep(time.Second)
		g.idle(t)
	})
}

func TestGateServesThoseBehindOneWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		go func() { _ = g.hold(t.Context(), 900, time.Minute) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = g.hold(ctx, 900, time.Minute) }() // blocks the queue
		synctest.Wait()
		served := make(chan error)
		go func() { served <- g.hold(t.Context(), 50, 0) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case err := <-served:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("still waiting behind one who left")
		}
		time.Sleep(2 * time.Minute)
		g.idle(t)
	})
}

func TestGateUnderRandomLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(3)
		g.maxQueue = 20
		random := rand.New(rand.NewPCG(1, 2))
		var running, memory, served, refused atomic.Int64
		var wg sync.WaitGroup
		for range 3000 {
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			size, d := int64(random.IntN(700)), time.Duration(random.IntN(200))*time.Millisecond
			patience := time.Duration(random.IntN(2000)) * time.Millisecond
			cancelled := random.IntN(4) == 0
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if cancelled {
					time.AfterFunc(patience/3, cancel)
				}
				place, err := g.enter(ctx, need{memory: size})
				if err != nil {
					refused.Add(1)
					return
				}
				if running.Add(1) > 3 || memory.Add(size) > 1000 {
					t.Errorf("%d running with %d bytes", running.Load(), memory.Load())
				}
				time.Sleep(d)
				running.Add(-1)
				memory.Add(-size)
				place.leave()
				served.Add(1)
			})
		}
		wg.Wait()
		g.idle(t)
		if served.Load()+refused.Load() != 3000 || served.Load() < 500 || refused.Load() < 100 {
			t.Errorf("%d served, %d refused", served.Load(), refused.Load())
		}
	})
}

// TestBusy drives the same through the front door with real goroutines.
func TestBusy(t *testing.T) {
	enter, finish := make(chan struct{}), make(chan struct{})
	slow := slowHasher{PBKDF2SHA256{1}, enter, finish}
	s := mustNew(t, Config{Hashers: []Hasher{slow}, Workers: 1, MaxQueue: 1, MaxWait: 50 * time.Millisecond})
	results := make(chan error, 2)
	go func() { _, err := s.Make(t.Context(), "x"); results <- err }()
	<-enter
	go func() { _, err := s.Make(t.Context(), "y"); results <- err }()
	if err := <-results; !errors.Is(err, ErrBusy) {
		t.Errorf("after MaxWait: %v", err)
	}
	if v, err := s.Check(t.Context(), "x", "pbkdf2_sha256$1$s$h"); !errors.Is(err, ErrBusy) || v.OK {
		t.Errorf("Check: %+v, %v", v, err)
	}
	if err := s.Dummy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("Dummy: %v", err)
	}
	close(finish)
	if err := <-results; err != nil {
		t.Errorf("the one that ran: %v", err)
	}
	if v, err := s.Check(t.Context(), "x", "pbkdf2_sha256$1$s$h"); err != nil || v.Reason != ReasonMismatch {
		t.Errorf("afterwards: %+v, %v", v, err)
	}
}

type slowHasher struct {
	PBKDF2SHA256
	enter, finish chan struct{}
}

func (s slowHasher) Encode(raw string) (Hash, error) {
	s.enter <- struct{}{}
	<-s.finish
	return s.PBKDF2SHA256.Encode(raw)
}
