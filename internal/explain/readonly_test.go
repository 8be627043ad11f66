package explain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// TestReadOnly: a store can be read, and nothing in it changes.
func TestReadOnly(t *testing.T) {
	store, ctx := sessionstest.NewMemory(), t.Context()
	key, record := sessions.NewKey(), &sessions.Record{Expires: time.Now().Add(time.Hour)}
	if err := store.Create(ctx, key, record); err != nil {
		t.Fatal(err)
	}
	only := explain.ReadOnly(store)
	if _, err := only.Load(ctx, key); err != nil {
		t.Errorf("load: %v", err)
	}
	for what, err := range map[string]error{
		"create": only.Create(ctx, sessions.NewKey(), record), "update": only.Update(ctx, key, record),
		"move": only.Move(ctx, key, sessions.NewKey(), record), "delete": only.Delete(ctx, key),
	} {
		if !errors.Is(err, sessions.ErrStoreReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := store.Load(ctx, key); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}
