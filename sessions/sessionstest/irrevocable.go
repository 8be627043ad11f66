package sessionstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// TestIrrevocable is TestStore for a store that keeps nothing and derives the key
// of what the session holds (see Record.Key). What such a store cannot do is left
// out: end a session, and keep two requests' changes apart.
func TestIrrevocable(t *testing.T, open func(t *testing.T) sessions.Store) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, sessions.Store)
	}{
		{"KeepsTheLetter", keptTheLetter},
		{"SavesUnderNewKeys", savesUnderNewKeys},
		{"CycleKeepsData", cycleKeepsData},
		{"OddKeysHoldNothing", oddKeysHoldNothing},
		{"UnknownKeyIsNotAdopted", notAdopted},
		{"CanceledContext", canceled},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

func keptTheLetter(t *testing.T, s sessions.Store) {
	for _, text := range letters {
		r := record(t, text, time.Hour)
		if err := s.Create(t.Context(), "", r); err != nil || r.Key == "" {
			t.Fatalf("create: key of %d characters, %v", len(r.Key), err)
		}
		if got := mustLoad(t, s, r.Key).Data.JSON(); got != text {
			t.Errorf("stored %.80s, loaded %.80s", text, got)
		}
	}
}

func savesUnderNewKeys(t *testing.T, s sessions.Store) {
	e := engine(t, s)
	session := e.Session("")
	var keys []string
	for _, name := range []string{"a", "b"} {
		if err := errors.Join(session.Set(t.Context(), name, 1), session.Save(t.Context())); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(session.Key()))
	}
	for i, want := range []string{`{"a":1}`, `{"a":1,"b":1}`} {
		data, err := e.Session(keys[i]).Data(t.Context())
		if err != nil || data.JSON() != want {
			t.Errorf("save %d: %s, %v; want %s", i, data.JSON(), err, want)
		}
	}
}

func cycleKeepsData(t *testing.T, s sessions.Store) {
	session := engine(t, s).Session("")
	if err := errors.Join(session.Set(t.Context(), "cart", 1), session.Save(t.Context()), session.CycleKey(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := mustLoad(t, s, string(session.Key())).Data.JSON(); got != `{"cart":1}` {
		t.Errorf("after the cycle: %s", got)
	}
	if err := session.Flush(t.Context()); err != nil || session.Key() != "" {
		t.Errorf("flush: key %v, %v", session.Key(), err)
	}
}

func oddKeysHoldNothing(t *testing.T, s sessions.Store) {
	r := record(t, `{"a":1}`, time.Hour)
	if err := s.Create(t.Context(), "", r); err != nil {
		t.Fatal(err)
	}
	for _, key := range append(oddKeys(), r.Key[1:], r.Key[:len(r.Key)-1], r.Key+"A", "."+r.Key) {
		got, err := s.Load(t.Context(), key)
		if err == nil && got.Data.Len() > 0 || err != nil && !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("load(%.20q): %v, %v", key, got, err)
		}
	}
}

func notAdopted(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	session := engine(t, s).Session(key)
	if err := errors.Join(session.Set(t.Context(), "a", 1), session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := session.Key(); got == "" || string(got) == key {
		t.Error("a key that the client invented was accepted")
	}
}

func canceled(t *testing.T, s sessions.Store) {
	r := record(t, `{"a":1}`, time.Hour)
	if err := s.Create(t.Context(), "", r); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx, r.Key); errors.Is(err, sessions.ErrNotFound) {
		t.Error("a canceled load says that there is no session")
	}
}
