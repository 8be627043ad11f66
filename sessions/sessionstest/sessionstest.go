// Package sessionstest has the tests that every sessions.Store must pass. It is on floor 2,
// the session engine. Authors of a store run them:
//
//	func TestStore(t *testing.T) {
//		sessionstest.TestStore(t, func(t *testing.T) sessions.Store { return mystore.New(...) })
//	}
package sessionstest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// TestStore runs the suite. open gives an empty store, and a new one at each
// call.
func TestStore(t *testing.T, open func(t *testing.T) sessions.Store) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, sessions.Store)
	}{
		{"RoundTrip", testRoundTrip},
		{"KeepsTheLetter", testKeepsTheLetter},
		{"CreateRefusesTakenKey", testCreateRefusesTakenKey},
		{"UpdateNeverCreates", testUpdateNeverCreates},
		{"UpdateComparesVersions", testUpdateComparesVersions},
		{"SameContentTwice", testSameContentTwice},
		{"DeleteIsIdempotent", testDeleteIsIdempotent},
		{"Expiry", testExpiry},
		{"OddKeysAreNotFound", testOddKeys},
		{"UnknownKeyIsNotAdopted", testUnknownKeyIsNotAdopted},
		{"LogoutBeatsSave", testLogoutBeatsSave},
		{"CycleLeavesNoOldKey", testCycleLeavesNoOldKey},
		{"Move", testMove},
		{"MoveOnce", testMoveOnce},
		{"LogoutBeatsCycle", testLogoutBeatsCycle},
		{"CyclesAndLogouts", testCyclesAndLogouts},
		{"CycleMerges", testCycleMerges},
		{"Walk", testWalk},
		{"ParallelWritesMerge", testParallelWritesMerge},
		{"ParallelCounter", testParallelCounter},
		{"DeadStaysDead", testDeadStaysDead},
		{"ClearExpired", testClearExpired},
		{"CanceledContext", testCanceledContext},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

func record(t *testing.T, text string, lifetime time.Duration) *sessions.Record {
	t.Helper()
	data, err := sessions.ParseData(text)
	if err != nil {
		t.Fatal(err)
	}
	return &sessions.Record{Data: data, Expires: time.Now().Add(lifetime)}
}

func mustCreate(t *testing.T, s sessions.Store, key, text string) *sessions.Record {
	t.Helper()
	r := record(t, text, time.Hour)
	if err := s.Create(t.Context(), key, r); err != nil {
		t.Fatalf("create: %v", err)
	}
	return r
}

func mustLoad(t *testing.T, s sessions.Store, key string) *sessions.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if r.Corrupt != nil {
		t.Fatalf("load: corrupt: %v", r.Corrupt)
	}
	if r.Expires.IsZero() { // the store cannot tell; a session sets it when it is saved
		r.Expires = time.Now().Add(time.Hour)
	}
	return r
}

func wantGone(t *testing.T, s sessions.Store, key string) {
	t.Helper()
	if r, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Fatalf("load of a session that is not there: %v, %v; want ErrNotFound", r, err)
	}
}

func engine(t *testing.T, s sessions.Store) *sessions.Engine {
	t.Helper()
	e, err := sessions.New(sessions.Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func testRoundTrip(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	wantGone(t, s, key)
	r := mustCreate(t, s, key, `{"a":1}`)
	got := mustLoad(t, s, key)
	if got.Data.JSON() != `{"a":1}` {
		t.Errorf("data %s", got.Data.JSON())
	}
	if d := got.Expires.Sub(r.Expires).Abs(); d > time.Second {
		t.Errorf("expires %v, want %v", got.Expires, r.Expires)
	}
	if err := got.Data.Set("b", `"two"`); err != nil {
		t.Fatal(err)
	}
	got.Expires = time.Now().Add(2 * time.Hour)
	if err := s.Update(t.Context(), key, got); err != nil {
		t.Fatalf("update: %v", err)
	}
	if again := mustLoad(t, s, key); again.Data.JSON() != `{"a":1,"b":"two"}` {
		t.Errorf("after update: %s", again.Data.JSON())
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatalf("delete: %v", err)
	}
	wantGone(t, s, key)
}

// letters are sessions that must come back to the letter.
var letters = []string{
	`{}`,
	`{"z":1,"a":[1,2,{"b":null}],"m":true}`,
	`{"int":123456789012345678901234567890,"float":1e+22,"f":1.0,"neg":-0.0}`,
	`{"unicode":"\u00fc\u2603\ud83d\ude00","\u043a":"\"\\/"}`,
	`{"big":"` + strings.Repeat("x0123456789", 3000) + `"}`,
}

func testKeepsTheLetter(t *testing.T, s sessions.Store) {
	for _, text := range letters {
		key := sessions.NewKey()
		mustCreate(t, s, key, text)
		if got := mustLoad(t, s, key).Data.JSON(); got != text {
			t.Errorf("stored %.80s, loaded %.80s", text, got)
		}
	}
}

func testCreateRefusesTakenKey(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"first":1}`)
	if err := s.Create(t.Context(), key, record(t, `{"second":1}`, time.Hour)); !errors.Is(err, sessions.ErrExists) {
		t.Fatalf("create over an existing key: %v; want ErrExists", err)
	}
	if got := mustLoad(t, s, key).Data.JSON(); got != `{"first":1}` {
		t.Errorf("the first session was changed: %s", got)
	}
}

func testUpdateNeverCreates(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	r := mustCreate(t, s, key, `{"a":1}`)
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), key, r); !errors.Is(err, sessions.ErrNotFound) {
		t.Fatalf("update of a deleted session: %v; want ErrNotFound", err)
	}
	wantGone(t, s, key)
}

func testUpdateComparesVersions(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"a":1}`)
	first, second := mustLoad(t, s, key), mustLoad(t, s, key)
	set(t, first, "b", "1")
	if err := s.Update(t.Context(), key, first); err != nil {
		t.Fatal(err)
	}
	set(t, second, "c", "1")
	if err := s.Update(t.Context(), key, second); !errors.Is(err, sessions.ErrConflict) {
		t.Fatalf("update over another's change: %v; want ErrConflict", err)
	}
	set(t, first, "d", "1") // its Version was moved on by Update
	if err := s.Update(t.Context(), key, first); err != nil {
		t.Fatalf("second update by the same holder: %v", err)
	}
	if got := mustLoad(t, s, key).Data.JSON(); got != `{"a":1,"b":1,"d":1}` {
		t.Errorf("got %s", got)
	}
}

func set(t *testing.T, r *sessions.Record, key, text string) {
	t.Helper()
	if err := r.Data.Set(key, text); err != nil {
		t.Fatal(err)
	}
}

// testSameContentTwice: an update that changes nothing is not a session that is
// gone, as a count of changed rows would have it.
func testSameContentTwice(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"a":1}`)
	r := mustLoad(t, s, key)
	for range 3 {
		if err := s.Update(t.Context(), key, r); err != nil {
			t.Fatalf("update with the same content: %v", err)
		}
	}
}

func testDeleteIsIdempotent(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{}`)
	for range 2 {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
}

func testExpiry(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	if err := s.Create(t.Context(), key, record(t, `{"a":1}`, 1200*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, s, key)
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := s.Load(t.Context(), key)
		if errors.Is(err, sessions.ErrNotFound) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a session past its expiry is still loaded (%v)", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	testStored(t, s, key)
}

// testStored is about stores that also show what has expired.
func testStored(t *testing.T, s sessions.Store, expired string) {
	stored, ok := s.(interface {
		Stored(ctx context.Context, key string) (string, time.Time, error)
	})
	if !ok {
		return
	}
	text, expires, err := stored.Stored(t.Context(), expired)
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	if err != nil || text == "" || expires.After(time.Now()) || time.Since(expires) > time.Minute {
		t.Errorf("what is stored of an expired session: %d bytes that end at %v, %v", len(text), expires, err)
	}
	for _, key := range append(oddKeys(), sessions.NewKey()) {
		if _, _, err := stored.Stored(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("what is stored under %.20q: %v, want ErrNotFound", key, err)
		}
	}
}

// oddKeys are what a client may send for a key.
func oddKeys() []string {
	return []string{
		strings.Repeat("K", 32), strings.Repeat("k", 31) + "K", strings.Repeat("k", 32) + " ", strings.Repeat("k", 31),
		"with\x00null00", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", "ééééééééé", "' OR ''='' -- ", "../../../etc/passwd", "%%%%%%%%%", "________",
		strings.Repeat("x", 41), strings.Repeat("x", 5000), "line\nline\r\n", "日本語日本語日本語",
	}
}

func testOddKeys(t *testing.T, s sessions.Store) {
	mustCreate(t, s, strings.Repeat("k", 32), `{"a":1}`)
	for _, key := range oddKeys() {
		if r, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("load(%.20q): %v, %v; want ErrNotFound", key, r, err)
		}
	}
}

func testUnknownKeyIsNotAdopted(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	session := engine(t, s).Session(key)
	if err := session.Set(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := session.Key(); got == "" || string(got) == key {
		t.Error("a key that the client invented was accepted")
	}
	wantGone(t, s, key)
}

// loggedOutMeanwhile returns a changed session whose user has logged out by another one of
// the same key.
func loggedOutMeanwhile(t *testing.T, s sessions.Store, key string) *sessions.Session {
	t.Helper()
	mustCreate(t, s, key, `{"_auth_user_id":"1"}`)
	e := engine(t, s)
	slow := e.Session(key)
	if err := slow.Set(t.Context(), "cart", 1); err != nil {
		t.Fatal(err)
	}
	if err := e.Session(key).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return slow
}

func testLogoutBeatsSave(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	slow := loggedOutMeanwhile(t, s, key)
	if err := slow.Save(t.Context()); !errors.Is(err, sessions.ErrInterrupted) {
		t.Fatalf("save after a logout: %v; want ErrInterrupted", err)
	}
	wantGone(t, s, key)
}

func testCycleLeavesNoOldKey(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"cart":[1]}`)
	session := engine(t, s).Session(key)
	if err := session.CycleKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantGone(t, s, key)
	if got := mustLoad(t, s, string(session.Key())).Data.JSON(); got != `{"cart":[1]}` {
		t.Errorf("data after the cycle: %s", got)
	}
}

func testClearExpired(t *testing.T, s sessions.Store) {
	clearer, ok := s.(sessions.Clearer)
	if !ok {
		t.Skip("in this store sessions end by themselves")
	}
	live := sessions.NewKey()
	mustCreate(t, s, live, `{"a":1}`)
	for range 3 {
		if err := s.Create(t.Context(), sessions.NewKey(), record(t, `{}`, -time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := clearer.ClearExpired(t.Context()); err != nil || n != 3 {
		t.Errorf("ClearExpired = %d, %v; want 3", n, err)
	}
	if n, err := clearer.ClearExpired(t.Context()); err != nil || n != 0 {
		t.Errorf("second ClearExpired = %d, %v; want 0", n, err)
	}
	mustLoad(t, s, live)
}

// testCanceledContext: a client that goes away is an error, never a session
// that is not there.
func testCanceledContext(t *testing.T, s sessions.Store) {
	key := sessions.NewKey()
	mustCreate(t, s, key, `{"a":1}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx, key); errors.Is(err, sessions.ErrNotFound) {
		t.Error("a canceled load says that there is no session")
	}
	mustLoad(t, s, key)
}
