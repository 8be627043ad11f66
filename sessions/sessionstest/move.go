package sessionstest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
)

func testMove(t *testing.T, s sessions.Store) {
	ctx := t.Context()
	old, key, taken := sessions.NewKey(), sessions.NewKey(), sessions.NewKey()
	mustCreate(t, s, old, `{"a":1}`)
	mustCreate(t, s, taken, `{"b":1}`)
	stale, r := mustLoad(t, s, old), mustLoad(t, s, old)
	set(t, r, "c", "1")
	if err := s.Update(ctx, old, r); err != nil {
		t.Fatal(err)
	}
	if err := s.Move(ctx, old, key, stale); !errors.Is(err, sessions.ErrConflict) {
		t.Errorf("move over another's change: %v; want ErrConflict", err)
	}
	wantGone(t, s, key)
	if err := s.Move(ctx, old, taken, r); !errors.Is(err, sessions.ErrExists) {
		t.Errorf("move to a taken key: %v; want ErrExists", err)
	}
	if got := mustLoad(t, s, taken).Data.JSON(); got != `{"b":1}` {
		t.Errorf("the other session was changed: %s", got)
	}
	set(t, r, "d", "1")
	if err := s.Move(ctx, old, key, r); err != nil {
		t.Fatalf("move: %v", err)
	}
	wantGone(t, s, old)
	if got := mustLoad(t, s, key).Data.JSON(); got != `{"a":1,"c":1,"d":1}` {
		t.Errorf("moved: %s", got)
	}
	set(t, r, "e", "1") // its Version was moved on by Move
	if err := s.Update(ctx, key, r); err != nil {
		t.Errorf("update after the move: %v", err)
	}
	for _, gone := range []string{old, sessions.NewKey()} {
		again := sessions.NewKey()
		if err := s.Move(ctx, gone, again, r); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("move of a session that is gone: %v; want ErrNotFound", err)
		}
		wantGone(t, s, again)
	}
}

// testMoveOnce: of many moves of one session at once, one is done.
func testMoveOnce(t *testing.T, s sessions.Store) {
	for range 5 {
		old := sessions.NewKey()
		mustCreate(t, s, old, `{"a":1}`)
		var moved atomic.Int32
		var keys [8]string
		var records [len(keys)]*sessions.Record
		for i := range keys {
			keys[i], records[i] = sessions.NewKey(), mustLoad(t, s, old)
		}
		parallel(len(keys), func(i int) {
			err := s.Move(t.Context(), old, keys[i], records[i])
			switch {
			case err == nil:
				moved.Add(1)
			case !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrConflict):
				t.Errorf("move: %v", err)
			}
		})
		alive := 0
		for _, key := range keys {
			if _, err := s.Load(t.Context(), key); err == nil {
				alive++
			}
		}
		if moved.Load() != 1 || alive != 1 {
			t.Errorf("%d moves were done, and %d sessions are there; want 1", moved.Load(), alive)
		}
		wantGone(t, s, old)
	}
}

func testLogoutBeatsCycle(t *testing.T, s sessions.Store) {
	before := list(t, s)
	key := sessions.NewKey()
	slow := loggedOutMeanwhile(t, s, key)
	if err := slow.CycleKey(t.Context()); !errors.Is(err, sessions.ErrInterrupted) {
		t.Fatalf("cycle after a logout: %v; want ErrInterrupted", err)
	}
	if after := list(t, s); len(after) > len(before) {
		t.Errorf("%d sessions are there, and %d were before", len(after), len(before))
	}
}

// list is what a store holds, or nil where it cannot tell.
func list(t *testing.T, s sessions.Store) map[string]string {
	t.Helper()
	w, ok := s.(sessions.Walker)
	if !ok {
		return nil
	}
	all := map[string]string{}
	err := w.Walk(t.Context(), func(key string, d sessions.Data) error {
		all[key] = d.JSON()
		return nil
	})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return all
}

// testCyclesAndLogouts: while many requests give the session new keys, one logs out.
// Requests whose key was moved before go on; a session that was ended never does.
func testCyclesAndLogouts(t *testing.T, s sessions.Store) {
	for range 5 {
		key := sessions.NewKey()
		mustCreate(t, s, key, `{"_auth_user_id":"1"}`)
		e := engine(t, s)
		var keys [6]sessions.Key
		var cycled [len(keys)]bool
		flushed := false
		parallel(len(keys), func(i int) {
			session := e.Session(key)
			if _, _, err := session.Get(t.Context(), "_auth_user_id"); err != nil {
				t.Errorf("load: %v", err)
			}
			if session.Key() == "" {
				return
			}
			if i == 3 {
				if err := session.Flush(t.Context()); err != nil {
					t.Errorf("flush: %v", err)
				}
				flushed = true
				return
			}
			err := session.CycleKey(t.Context())
			if err != nil && !errors.Is(err, sessions.ErrInterrupted) {
				t.Errorf("cycle: %v", err)
			}
			keys[i], cycled[i] = session.Key(), err == nil
		})
		wantGone(t, s, key)
		alive := 0
		for i, key := range keys {
			if key == "" {
				continue
			}
			_, err := s.Load(t.Context(), string(key))
			if cycled[i] != (err == nil) {
				t.Errorf("cycled: %v, and then the load gives %v", cycled[i], err)
			}
			if err == nil {
				alive++
			}
		}
		if alive > 1 || alive == 0 && !flushed {
			t.Errorf("%d sessions are there; want one, or none after the logout", alive)
		}
	}
}

// testCycleMerges: what another request stored since the load is not lost.
func testCycleMerges(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"a":1}`)
	e := engine(t, s)
	one, other := e.Session(key), e.Session(key)
	for session, name := range map[*sessions.Session]string{one: "b", other: "c"} {
		if err := session.Set(t.Context(), name, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := one.CycleKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mustLoad(t, s, string(one.Key())).Data.JSON(); got != `{"a":1,"c":1,"b":1}` {
		t.Errorf("after the cycle: %s", got)
	}
	if one.MovedFrom() != sessions.Key(key) || len(one.Ended()) > 0 {
		t.Errorf("moved from %v, ended %v", one.MovedFrom(), one.Ended())
	}
}

// testWalk lists more sessions than a store reads at a time.
func testWalk(t *testing.T, s sessions.Store) {
	want := list(t, s)
	if want == nil {
		t.Skip("this store cannot list its sessions")
	}
	for n := range 1203 {
		key := sessions.NewKey()
		want[key] = fmt.Sprintf(`{"n":%d}`, n)
		mustCreate(t, s, key, want[key])
	}
	if got := list(t, s); !maps.Equal(got, want) {
		t.Errorf("%d sessions are listed, or others; want %d", len(got), len(want))
	}
	stop := errors.New("stop")
	calls := 0
	if err := s.(sessions.Walker).Walk(t.Context(), func(string, sessions.Data) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("after an error of f: %d calls, %v", calls, err)
	}
	ended := 0
	err := s.(sessions.Walker).Walk(t.Context(), func(key string, _ sessions.Data) error {
		ended++
		return s.Delete(t.Context(), key)
	})
	if err != nil || ended < len(want) || len(list(t, s)) > 0 {
		t.Errorf("a walk that removes what it finds: %d of %d, %v", ended, len(want), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mustCreate(t, s, slices.Sorted(maps.Keys(want))[0], `{}`)
	if err := s.(sessions.Walker).Walk(ctx, func(string, sessions.Data) error { return nil }); err == nil {
		t.Error("a walk whose context ended says nothing")
	}
}
