package sessions_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

var errTuple = errors.New("the item cart holds a tuple")

// foreignStore is a store whose sessions hold something that Data cannot.
type foreignStore struct{ *sessionstest.Memory }

func (s foreignStore) Load(ctx context.Context, key string) (*sessions.Record, error) {
	r, err := s.Memory.Load(ctx, key)
	if err == nil {
		r.ReadOnly = errTuple
	}
	return r, err
}

const foreignKey = "foreignforeignforeignforeignfore"

func foreign(t *testing.T) (foreignStore, *sessions.Session) {
	t.Helper()
	store := foreignStore{sessionstest.NewMemory()}
	store.Put(foreignKey, `{"_auth_user_id":"1"}`)
	return store, mustEngine(t, sessions.Config{Store: store}).Session(foreignKey)
}

func wantReadOnly(t *testing.T, store foreignStore, err error) {
	t.Helper()
	if !errors.Is(err, sessions.ErrReadOnly) || !strings.Contains(err.Error(), errTuple.Error()) {
		t.Errorf("error %v; want ErrReadOnly with its reason", err)
	}
	if got := store.Sessions(); len(got) != 1 || got[foreignKey] != `{"_auth_user_id":"1"}` {
		t.Errorf("stored now: %v", got)
	}
}

func TestReadOnlyIsReadAndNotWritten(t *testing.T) {
	store, s := foreign(t)
	if id, err := s.Text(t.Context(), "_auth_user_id"); err != nil || id != "1" {
		t.Fatalf("%q, %v", id, err)
	}
	if err := s.Set(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	wantReadOnly(t, store, s.Save(t.Context()))
}

func TestReadOnlyIsNotMoved(t *testing.T) {
	store, s := foreign(t)
	wantReadOnly(t, store, s.CycleKey(t.Context()))
}

// TestReadOnlyUnchanged: with SESSION_SAVE_EVERY_REQUEST each request saves.
func TestReadOnlyUnchanged(t *testing.T) {
	store, s := foreign(t)
	if err := s.Save(t.Context()); err != nil {
		t.Errorf("save without a change: %v", err)
	}
	if log := store.Log(); len(log) != 1 || log[0] != "load" {
		t.Errorf("operations %v; want a load alone", log)
	}
}

func TestReadOnlyEnds(t *testing.T) {
	store, s := foreign(t)
	s.Clear()
	if err := s.Set(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Errorf("save after clear: %v", err)
	}
	if got := store.Sessions()[foreignKey]; got != `{"a":1}` {
		t.Errorf("stored %s", got)
	}
	store, s = foreign(t)
	if err := s.Flush(t.Context()); err != nil {
		t.Errorf("flush: %v", err)
	}
	if len(store.Sessions()) != 0 {
		t.Error("the session is still there")
	}
}

// TestReadOnlyMeanwhile: another program puts its own value into the session
// while this request changes it.
func TestReadOnlyMeanwhile(t *testing.T) {
	memory := sessionstest.NewMemory()
	memory.Put(foreignKey, `{"_auth_user_id":"1"}`)
	s := mustEngine(t, sessions.Config{Store: lateForeign{memory, new(int)}}).Session(foreignKey)
	if err := s.Set(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	memory.Put(foreignKey, `{"_auth_user_id":"1"}`)
	wantReadOnly(t, foreignStore{memory}, s.Save(t.Context()))
}

// lateForeign is a foreignStore from its second load on.
type lateForeign struct {
	*sessionstest.Memory
	loads *int
}

func (s lateForeign) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if *s.loads++; *s.loads == 1 {
		return s.Memory.Load(ctx, key)
	}
	return foreignStore{s.Memory}.Load(ctx, key)
}

// contentStore derives the key of a session from what it holds.
type contentStore struct{ *sessionstest.Memory }

func (s contentStore) Load(_ context.Context, key string) (*sessions.Record, error) {
	data, err := sessions.ParseData(strings.TrimPrefix(key, "content:"))
	return &sessions.Record{Data: data, Replace: err != nil}, nil
}

func (s contentStore) Create(_ context.Context, _ string, r *sessions.Record) error {
	r.Key = "content:" + r.Data.JSON()
	return nil
}

func (s contentStore) Update(ctx context.Context, key string, r *sessions.Record) error {
	return s.Create(ctx, key, r)
}

func TestKeyOfContent(t *testing.T) {
	e := mustEngine(t, sessions.Config{Store: contentStore{sessionstest.NewMemory()}})
	s := e.Session("")
	want := `content:{`
	for _, name := range []string{"a", "b"} {
		if err := s.Set(t.Context(), name, 1); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		want += `"` + name + `":1}`
		if got := string(s.Key()); got != want {
			t.Errorf("key %q, want %q", got, want)
		}
		want = strings.TrimSuffix(want, "}") + ","
	}
	bad := e.Session("content:{")
	if _, err := bad.Data(t.Context()); err != nil || !bad.Modified() {
		t.Errorf("a session to be replaced: modified %t, %v", bad.Modified(), err)
	}
}
