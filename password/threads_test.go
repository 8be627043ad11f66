package password

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/pbkdf2"
)

// heavy is so many iterations that hashes have a thread.
const heavy = 60_000

// threaded returns hashers with one worker, or skips where two cannot be computed at once.
func threaded(t *testing.T, c Config) *Hashers {
	t.Helper()
	if !pbkdf2.Accelerated() {
		t.Skip("this processor has no SHA instructions, or FIPS mode is on")
	}
	c.Hashers, c.Workers, c.MaxWait = []Hasher{PBKDF2SHA256{heavy}, BCryptSHA256{6}, MD5{}}, 1, time.Minute
	return mustNew(t, c)
}

// settled waits until no thread is left, and checks that GOMAXPROCS is what it was.
func settled(t *testing.T, before int) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		spare.mu.Lock()
		left, now := spare.threads, runtime.GOMAXPROCS(0)
		spare.mu.Unlock()
		if left == 0 && now == before {
			return
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("%d threads are left, GOMAXPROCS is %d, want %d", left, now, before)
		}
	}
}

// TestPairs: many hashes by one worker are all right, two share its turn, and no more.
func TestPairs(t *testing.T) {
	before := processors()
	s := threaded(t, Config{})
	hash, err := s.Make(t.Context(), "right")
	if err != nil {
		t.Fatal(err)
	}
	shorter, err := PBKDF2SHA256{heavy / 3}.Encode("right")
	if err != nil {
		t.Fatal(err)
	}
	var most atomic.Int64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			s.gate.mu.Lock()
			if s.gate.running > 1 {
				t.Errorf("%d turns of one worker", s.gate.running)
			}
			waiting := s.gate.waiting()
			pair := s.gate.running == 1 && len(s.gate.single) == 0
			s.gate.mu.Unlock()
			if pair && waiting > 0 {
				most.Store(2)
			}
			time.Sleep(time.Millisecond)
		}
	})
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			stored, raw := hash, "right"
			if i%3 == 0 {
				stored = shorter
			}
			if i%4 == 0 {
				raw = "wrong"
			}
			v, err := s.Check(t.Context(), raw, stored)
			if err != nil || v.OK != (raw == "right") {
				t.Errorf("%q: %+v, %v", raw, v, err)
			}
		})
	}
	all.Wait()
	close(stop)
	watch.Wait()
	if most.Load() != 2 {
		t.Error("no two hashes share a turn while others wait")
	}
	s.gate.idle(t)
	settled(t, before)
}

// TestOnlyPBKDF2SHA256Pairs: another algorithm has the turn for itself, and so has PBKDF2 that a
// program changed by embedding it.
func TestOnlyPBKDF2SHA256Pairs(t *testing.T) {
	s := threaded(t, Config{})
	cost := Cost{Work: time.Second}
	for name, c := range map[string]struct {
		hasher Hasher
		want   bool
	}{
		"PBKDF2-SHA256": {PBKDF2SHA256{heavy}, true}, "no account": {nil, true},
		"embedded": {slowHasher{}, false}, "bcrypt": {BCryptSHA256{6}, false},
	} {
		if got := s.need(c.hasher, cost); got.pair != c.want || !got.thread {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if cheap := mustNew(t, Config{Hashers: []Hasher{PBKDF2SHA256{1}}}).need(PBKDF2SHA256{1}, Cost{}); cheap.thread {
		t.Errorf("a cheap hash: %+v", cheap)
	}
	if got := threaded(t, Config{NoThreads: true}).need(PBKDF2SHA256{heavy}, cost); got.thread || got.pair {
		t.Errorf("NoThreads: %+v", got)
	}
}

// TestThreadsOfHashing: the work of any hasher is on a thread of lower priority, and GOMAXPROCS
// is higher by one while it runs; neither with NoThreads.
func TestThreadsOfHashing(t *testing.T) {
	before := processors()
	for _, off := range []bool{false, true} {
		var nice, procs int
		var err error
		h := probe{PBKDF2SHA256{heavy}, func() {
			procs = runtime.GOMAXPROCS(0)
			nice, err = threadNice()
		}}
		s := mustNew(t, Config{Hashers: []Hasher{h}, Workers: 1, NoThreads: off})
		if _, err := s.Make(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		if wantProcs := map[bool]int{false: before + 1, true: before}[off]; procs != wantProcs {
			t.Errorf("NoThreads %v: GOMAXPROCS is %d, want %d", off, procs, wantProcs)
		}
		own, ownErr := threadNice()
		switch {
		case errors.Is(err, errNoNice):
		case err != nil || ownErr != nil:
			t.Error(err, ownErr)
		case off && nice != own, !off && nice != min(own+10, 19) && nice != 10:
			t.Errorf("NoThreads %v: nice %d, this thread has %d", off, nice, own)
		}
		settled(t, before)
	}
}

// probe calls a function where it hashes.
type probe struct {
	PBKDF2SHA256
	look func()
}

func (p probe) Encode(string) (Hash, error) {
	p.look()
	return "", nil
}

var errNoNice = errors.New("threads have no priority of their own here")

// threadNice returns the nice value of this thread.
func threadNice() (int, error) {
	if runtime.GOOS != "linux" {
		return 0, errNoNice
	}
	stat, err := os.ReadFile("/proc/thread-self/stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var nice int
	_, err = fmt.Sscan(fields[16], &nice)
	return nice, err
}

// TestWorkThatPanics: the panic reaches who asked, the end of a goroutine too, and the worker
// goes on.
func TestWorkThatPanics(t *testing.T) {
	before := processors()
	var look func()
	s := mustNew(t, Config{Hashers: []Hasher{probe{PBKDF2SHA256{heavy}, func() { look() }}}, Workers: 1})
	look = func() { panic("at the disco") }
	func() {
		defer func() {
			if got := recover(); got != "at the disco" {
				t.Errorf("recovered %v", got)
			}
		}()
		_, _ = s.Make(t.Context(), "x")
		t.Error("no panic")
	}()
	look = runtime.Goexit
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = s.Make(t.Context(), "x")
		t.Error("the goroutine goes on")
	}()
	<-ended
	look = func() {}
	if _, err := s.Make(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	s.gate.idle(t)
	settled(t, before)
}
