package cachestore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// hasty is a cache whose client goes away while a session is moved.
type hasty struct {
	*fake
	leave context.CancelFunc
}

func (h hasty) DeleteIf(context.Context, string, string) error {
	h.leave()
	return sessions.ErrConflict
}

func (h hasty) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return h.fake.Delete(ctx, key)
}

// TestMoveIsTakenBack though the client goes away, and what another has under the new
// key stays.
func TestMoveIsTakenBack(t *testing.T) {
	for name, lifetime := range map[string]time.Duration{"live": time.Hour, "expired": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cache := &fake{values: map[string]string{}}
			store, err := cachestore.New(cachestore.Config{Cache: hasty{cache, cancel}})
			if err != nil {
				t.Fatal(err)
			}
			key, newKey := sessions.NewKey(), sessions.NewKey()
			r := &sessions.Record{Expires: time.Now().Add(time.Hour)}
			want := 1
			if err := store.Create(ctx, key, r); err != nil {
				t.Fatal(err)
			}
			if lifetime < 0 { // nothing is stored under the new key, so nothing is to be removed
				want = 2
				if err := store.Create(ctx, newKey, r); err != nil {
					t.Fatal(err)
				}
			}
			r.Expires = time.Now().Add(lifetime)
			if err := store.Move(ctx, key, newKey, r); !errors.Is(err, sessions.ErrConflict) {
				t.Errorf("move: %v", err)
			}
			if len(cache.values) != want {
				t.Errorf("%d sessions, want %d", len(cache.values), want)
			}
		})
	}
}

// List is what cachestore.Lister asks of fake.
func (f *fake) List(_ context.Context, prefix string, visit func(key string) error) error {
	for key := range f.values {
		if strings.HasPrefix(key, prefix) {
			if err := visit(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestWalkLeavesOutCopies: the engine cached_db has keys that begin as those of the
// engine cache.
func TestWalkLeavesOutCopies(t *testing.T) {
	cache := &fake{values: map[string]string{}}
	store, err := cachestore.New(cachestore.Config{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	key, r := sessions.NewKey(), &sessions.Record{Expires: time.Now().Add(time.Hour)}
	if err := store.Create(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
	cache.values[":1:django.contrib.sessions.cached_db"+sessions.NewKey()] = r.Version
	var found []string
	err = store.Walk(t.Context(), func(key string, _ sessions.Data) error {
		found = append(found, key)
		return nil
	})
	if err != nil || len(found) != 1 || found[0] != key {
		t.Errorf("walked %d sessions, %v", len(found), err)
	}
}
