package cachestore_test

import (
	"context"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// fake is a cache in memory that ends nothing and remembers the last lifetime.
type fake struct {
	values   map[string]string
	lifetime time.Duration
}

func (f *fake) Get(_ context.Context, key string) (cachestore.Entry, error) {
	value, ok := f.values[key]
	if !ok {
		return cachestore.Entry{}, sessions.ErrNotFound
	}
	return cachestore.Entry{Value: value}, nil
}

func (f *fake) Add(ctx context.Context, key, value string, lifetime time.Duration) error {
	if _, ok := f.values[key]; ok {
		return sessions.ErrExists
	}
	return f.Set(ctx, key, value, lifetime)
}

func (f *fake) Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error {
	switch now, ok := f.values[key]; {
	case !ok:
		return sessions.ErrNotFound
	case now != old:
		return sessions.ErrConflict
	}
	return f.Set(ctx, key, value, lifetime)
}

func (f *fake) Set(_ context.Context, key, value string, lifetime time.Duration) error {
	f.values[key], f.lifetime = value, lifetime
	return nil
}

func (f *fake) Delete(_ context.Context, key string) error {
	delete(f.values, key)
	return nil
}

func (f *fake) DeleteIf(ctx context.Context, key, old string) error {
	switch now, ok := f.values[key]; {
	case !ok:
		return sessions.ErrNotFound
	case now != old:
		return sessions.ErrConflict
	}
	return f.Delete(ctx, key)
}
