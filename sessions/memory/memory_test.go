package memory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/memory"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// TestSuite runs what every store must pass, through a memory that counts.
func TestSuite(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sessionstest.TestStore(t, func(t *testing.T) sessions.Store { return copying{s.node(t, false).memory} })
	})
}

// copying returns copies of what is kept, as a session makes one before a change.
type copying struct{ *memory.Memory }

func (c copying) Load(ctx context.Context, key string) (*sessions.Record, error) {
	r, err := c.Memory.Load(ctx, key)
	if err != nil || !r.Kept {
		return r, err
	}
	own := *r
	own.Data = r.Data.Clone()
	return &own, nil
}

// remembered reports whether a load comes from memory.
func remembered(t *testing.T, n *node, key string) bool {
	t.Helper()
	trace := flow.NewTrace()
	if _, err := n.memory.Load(flow.WithSink(t.Context(), trace), key); err != nil {
		t.Fatal(err)
	}
	for _, e := range trace.Events() {
		if e.Code == "session.remembered" {
			return true
		}
	}
	return false
}

// TestRemembered: what was loaded is in memory, until it changes.
func TestRemembered(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		n := s.node(t, false)
		key := n.create(t, 1)
		await(t, "it never comes from memory", func() bool { return remembered(t, n, key) })
		session := n.engine.Session(key)
		if err := errors.Join(session.Set(t.Context(), "number", 2), session.Save(t.Context())); err != nil {
			t.Fatal(err)
		}
		if got, err := number(t.Context(), n, key); got != 2 || err != nil {
			t.Errorf("after a change: %d, %v", got, err)
		}
		await(t, "it never comes from memory again", func() bool { return remembered(t, n, key) })
		if err := n.engine.Session(key).Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := number(t.Context(), n, key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestChangesAreNotShared: what a request does to a session in memory, others do not see before it
// is saved.
func TestChangesAreNotShared(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		n := s.node(t, false)
		key := n.create(t, 1)
		await(t, "it never comes from memory", func() bool { return remembered(t, n, key) })
		for _, change := range []func(*sessions.Session) error{
			func(s *sessions.Session) error { return s.Set(t.Context(), "number", 2) },
			func(s *sessions.Session) error { _, err := s.Delete(t.Context(), "number"); return err },
		} {
			if err := change(n.engine.Session(key)); err != nil {
				t.Fatal(err)
			}
			if got, err := number(t.Context(), n, key); got != 1 || err != nil {
				t.Errorf("another request has %d, %v", got, err)
			}
		}
	})
}

// TestTransaction: what is changed in a transaction is not read from memory in it, and not after it.
func TestTransaction(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if s.name == "redis" {
			t.Skip("sessions are in no transaction")
		}
		n := s.node(t, false)
		key := n.create(t, 1)
		await(t, "it never comes from memory", func() bool { return remembered(t, n, key) })
		err := n.db.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
			session := n.engine.Session(key)
			if err := errors.Join(session.Set(ctx, "number", 2), session.Save(ctx)); err != nil {
				return err
			}
			if got, err := number(ctx, n, key); got != 2 || err != nil {
				t.Errorf("in the transaction: %d, %v", got, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := number(t.Context(), n, key); got != 2 || err != nil {
			t.Errorf("after it: %d, %v", got, err)
		}
	})
}

// TestOtherNode: another node sees a change soon, and how soon is written to the log of the test.
func TestOtherNode(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a, b := s.node(t, false), s.node(t, true)
		var waits []time.Duration
		for i := range 200 {
			key := a.create(t, i)
			await(t, "it never comes from memory", func() bool { return remembered(t, b, key) })
			if err := a.engine.Session(key).Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			ended := time.Now()
			for {
				began := time.Now()
				_, err := number(t.Context(), b, key)
				if errors.Is(err, sessions.ErrNotFound) {
					waits = append(waits, began.Sub(ended))
					break
				}
				if began.Sub(ended) > s.bound {
					t.Fatalf("believed after %v: %v", began.Sub(ended), err)
				}
				time.Sleep(200 * time.Microsecond)
			}
		}
		tell(t, waits)
	})
}

// TestBounded: memory does not grow beyond its limit, and a session that is too large stays out.
func TestBounded(t *testing.T) {
	s := onSQLite(t)
	n := s.node(t, false)
	session := n.engine.Session("")
	err := errors.Join(session.Set(t.Context(), "number", 1),
		session.Set(t.Context(), "text", strings.Repeat("x", 70_000)), session.Save(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if remembered(t, n, string(session.Key())) {
			t.Fatal("a session of 70 kB is in memory")
		}
		time.Sleep(time.Millisecond)
	}
	for i := range 3000 {
		key := n.create(t, i)
		if _, err := number(t.Context(), n, key); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the memory has more than its limit", func() bool { return n.memory.Size() <= 1<<20 })
}
