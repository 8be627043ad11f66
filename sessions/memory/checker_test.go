package memory_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// operations is how many the checker does at least: 10^6 with COATCHECK_TEST_WHOLE=1.
func operations() int64 {
	if os.Getenv("COATCHECK_TEST_WHOLE") != "" {
		return 1_000_000
	}
	return 20_000
}

// tell logs quantiles.
func tell(t *testing.T, waits []time.Duration) {
	t.Helper()
	slices.Sort(waits)
	at := func(q float64) time.Duration { return waits[int(q*float64(len(waits)-1))] }
	t.Logf("seen by another node after: p50 %v, p99 %v, at most %v", at(0.5), at(0.99), at(1))
}

// fact is what is so from a time on: a number was written, or the session has ended.
type fact struct {
	number int
	ended  bool
	since  time.Time // its write had returned
}

// slot is a session, and a user, of which one goroutine writes both.
type slot struct {
	mu       sync.Mutex // guards what follows
	key      string
	user     string
	sessions map[string][]fact // by key, the present one and the last
	users    []fact
}

// checker has one node change things while another is cut off again and again, and both read.
type checker struct {
	t      *testing.T
	site   *site
	a, b   *node
	slots  []*slot
	done   atomic.Int64
	hits   atomic.Int64
	failed atomic.Int64
	stale  atomic.Int64
}

// least returns what must be known at a time of what was so before: the last number, and whether
// it has ended.
func least(facts []fact, at time.Time) (known fact) {
	for _, f := range facts {
		if !f.since.After(at) {
			known = f
		}
	}
	return known
}

// TestChecker: no read that begins after the bound accepts what was changed, and none of the node
// that changed it at all, while connections are cut and held up at random.
func TestChecker(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		c := &checker{t: t, site: s, a: s.node(t, false), b: s.node(t, true)}
		for i := range 24 {
			user := &database.User{Username: "user" + strconv.Itoa(i), Password: "0", IsActive: true}
			if err := c.a.db.CreateUser(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			key := c.a.create(t, 0)
			c.slots = append(c.slots, &slot{key: key, user: user.ID, sessions: map[string][]fact{key: nil}})
		}
		ctx, cancel := context.WithCancel(t.Context())
		var working sync.WaitGroup
		for w := range 2 {
			working.Go(func() { c.write(ctx, w) })
		}
		for range 2 {
			working.Go(func() { c.read(ctx, c.a, 0) })
			working.Go(func() { c.read(ctx, c.b, s.bound) })
		}
		disturbing := make(chan struct{})
		go func() { c.disturb(ctx); close(disturbing) }()
		least := time.Now().Add(5 * time.Second)
		for !t.Failed() && (c.done.Load() < operations() || time.Now().Before(least)) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		working.Wait()
		<-disturbing
		t.Logf("%d operations, of which %d failed; %d reads of a session from memory; %d stale",
			c.done.Load(), c.failed.Load(), c.hits.Load(), c.stale.Load())
		if c.hits.Load() < c.done.Load()/s.seldom {
			t.Errorf("the memory was hardly used")
		}
	})
}

// disturb cuts connections and holds them up, for less and for more than the bound.
func (c *checker) disturb(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		if rand.IntN(3) > 0 {
			c.site.cut()
		} else {
			c.site.hold(time.Duration(rand.IntN(2500)) * time.Millisecond)
		}
	}
}

// write changes sessions and users on a node that is not cut off.
func (c *checker) write(ctx context.Context, worker int) {
	for n := 1; ctx.Err() == nil; n++ {
		s := c.slots[rand.IntN(len(c.slots)/2)*2+worker]
		c.done.Add(1)
		switch rand.IntN(8) {
		case 0, 1, 2:
			c.update(s, n)
		case 3:
			c.end(s, n)
		default:
			c.setPassword(s, n)
		}
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
	}
}

func (c *checker) update(s *slot, n int) {
	ctx, session := c.t.Context(), c.a.engine.Session(s.key)
	if err := errors.Join(session.Set(ctx, "number", n), session.Save(ctx)); err != nil {
		c.t.Errorf("save: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[s.key] = append(s.sessions[s.key], fact{number: n, since: time.Now()})
}

// end ends a session and begins another.
func (c *checker) end(s *slot, n int) {
	if err := c.a.engine.Session(s.key).Flush(c.t.Context()); err != nil {
		c.t.Errorf("flush: %v", err)
	}
	at := time.Now()
	key := c.a.create(c.t, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := append(s.sessions[s.key], fact{ended: true, since: at})
	s.sessions = map[string][]fact{s.key: last, key: {{number: n, since: time.Now()}}}
	s.key = key
}

func (c *checker) setPassword(s *slot, n int) {
	if err := c.a.db.SetPassword(c.t.Context(), s.user, password.Hash(strconv.Itoa(n))); err != nil {
		c.t.Errorf("set password: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = append(s.users, fact{number: n, since: time.Now()})
}

// read looks at a session and at its user, and compares them with what has to be known by then.
func (c *checker) read(ctx context.Context, n *node, bound time.Duration) {
	for ctx.Err() == nil {
		s := c.slots[rand.IntN(len(c.slots))]
		keys := s.keys()
		key := keys[rand.IntN(len(keys))]
		c.done.Add(1)
		began := time.Now()
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		r, err := n.memory.Load(flow.WithSink(within, c), key)
		c.judgeSession(s, key, began, bound, r, err)
		if err == nil {
			user, err := n.db.UserByID(r.Along(within), s.user)
			c.judgeUser(s, began, bound, user, err)
		}
		cancel()
	}
}

// Emit counts what is read from memory.
func (c *checker) Emit(_ context.Context, e flow.Event) {
	if e.Code == "session.remembered" {
		c.hits.Add(1)
	}
}

func (s *slot) keys() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.sessions {
		keys = append(keys, key)
	}
	return keys
}

func (c *checker) judgeSession(
	s *slot, key string, began time.Time, bound time.Duration, r *sessions.Record, err error,
) {
	if errors.Is(err, sessions.ErrNotFound) {
		return
	}
	if err != nil {
		c.failed.Add(1)
		return
	}
	text, _ := r.Data.Get("number")
	got, _ := strconv.Atoi(text)
	s.mu.Lock()
	known := least(s.sessions[key], began.Add(-bound))
	s.mu.Unlock()
	if known.ended || got < known.number {
		c.stale.Add(1)
		c.t.Errorf("a session has %d, %v after it was %+v", got, began.Sub(known.since), known)
	}
}

func (c *checker) judgeUser(s *slot, began time.Time, bound time.Duration, u *database.User, err error) {
	if err != nil {
		c.failed.Add(1)
		return
	}
	got, _ := strconv.Atoi(string(u.Password))
	s.mu.Lock()
	known := least(s.users, began.Add(-bound))
	s.mu.Unlock()
	if got < known.number {
		c.stale.Add(1)
		c.t.Errorf("a user has %d, %v after it was %+v", got, began.Sub(known.since), known)
	}
}
