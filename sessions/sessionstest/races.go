package sessionstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
)

// parallel runs f on n goroutines at once.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// saveChange saves a change that f makes.
func saveChange(ctx context.Context, e *sessions.Engine, key string, f func(*sessions.Session) error) error {
	session := e.Session(key)
	if err := f(session); err != nil {
		return err
	}
	return session.Save(ctx)
}

func testParallelWritesMerge(t *testing.T, s sessions.Store) {
	const writers = 30
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"base":1}`)
	e := engine(t, s)
	parallel(writers, func(i int) {
		if err := saveChange(t.Context(), e, key, func(session *sessions.Session) error {
			return session.Set(t.Context(), fmt.Sprintf("k%d", i), i)
		}); err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	})
	data := mustLoad(t, s, key).Data
	for i := range writers {
		if text, _ := data.Get(fmt.Sprintf("k%d", i)); text != fmt.Sprint(i) {
			t.Errorf("the write of %d was lost", i)
		}
	}
}

func testParallelCounter(t *testing.T, s sessions.Store) {
	const writers, rounds = 4, 5
	key := sessions.NewKey()
	mustCreate(t, s, key, `{}`)
	e := engine(t, s)
	parallel(writers, func(int) {
		for range rounds {
			if err := saveChange(t.Context(), e, key, func(session *sessions.Session) error {
				return sessions.Update(t.Context(), session, "n", func(n int) int { return n + 1 })
			}); err != nil {
				t.Error(err)
			}
		}
	})
	if got := mustLoad(t, s, key).Data.JSON(); got != fmt.Sprintf(`{"n":%d}`, writers*rounds) {
		t.Errorf("counted %s", got)
	}
}

// testDeadStaysDead: while many requests save, one logs out. From then on no
// request finds the session.
func testDeadStaysDead(t *testing.T, s sessions.Store) {
	for range 5 {
		key := sessions.NewKey()
		mustCreate(t, s, key, `{"_auth_user_id":"1"}`)
		e := engine(t, s)
		parallel(6, func(i int) {
			session := e.Session(key)
			if i == 3 {
				if err := session.Flush(t.Context()); err != nil {
					t.Errorf("flush: %v", err)
				}
				if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
					t.Errorf("after the logout: %v; want ErrNotFound", err)
				}
				return
			}
			for range 5 {
				session := e.Session(key)
				err := session.Set(t.Context(), fmt.Sprint("k", i), 1)
				if err == nil && session.Key() != "" {
					err = session.Save(t.Context())
				}
				if err != nil && !errors.Is(err, sessions.ErrInterrupted) {
					t.Errorf("save: %v", err)
				}
			}
		})
		wantGone(t, s, key)
	}
}
