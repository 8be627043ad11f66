package cacheddb_test

import (
	"context"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// memory is a cache in memory. A hook is asked before each operation, and may
// make it fail.
type memory struct {
	mu     sync.Mutex // guards what follows
	values map[string]cachestore.Entry
	hook   func(op string) error
}

func newMemory() *memory { return &memory{values: map[string]cachestore.Entry{}} }

// do runs an operation while nobody else does.
func (m *memory) do(ctx context.Context, op string, f func() error) error {
	if m.hook != nil {
		if err := m.hook(op); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for key, e := range m.values {
		if !e.Expires.After(time.Now()) {
			delete(m.values, key)
		}
	}
	return f()
}

func (m *memory) Get(ctx context.Context, key string) (e cachestore.Entry, err error) {
	err = m.do(ctx, "get", func() error {
		var ok bool
		if e, ok = m.values[key]; !ok {
			return sessions.ErrNotFound
		}
		return nil
	})
	return e, err
}

func (m *memory) set(key, value string, lifetime time.Duration) error {
	m.values[key] = cachestore.Entry{Value: value, Expires: time.Now().Add(lifetime)}
	return nil
}

func (m *memory) Add(ctx context.Context, key, value string, lifetime time.Duration) error {
	return m.do(ctx, "add", func() error {
		if _, ok := m.values[key]; ok {
			return sessions.ErrExists
		}
		return m.set(key, value, lifetime)
	})
}

func (m *memory) Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error {
	return m.do(ctx, "swap", func() error {
		switch now, ok := m.values[key]; {
		case !ok:
			return sessions.ErrNotFound
		case now.Value != old:
			return sessions.ErrConflict
		}
		return m.set(key, value, lifetime)
	})
}

func (m *memory) Set(ctx context.Context, key, value string, lifetime time.Duration) error {
	return m.do(ctx, "set", func() error { return m.set(key, value, lifetime) })
}

func (m *memory) DeleteIf(ctx context.Context, key, old string) error {
	return m.do(ctx, "delete", func() error {
		switch now, ok := m.values[key]; {
		case !ok:
			return sessions.ErrNotFound
		case now.Value != old:
			return sessions.ErrConflict
		}
		delete(m.values, key)
		return nil
	})
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.do(ctx, "delete", func() error {
		delete(m.values, key)
		return nil
	})
}

// copyOf is the JSON text of the only copy, "" where there is none.
func (m *memory) copyOf() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.values {
		if data, _, err := sessions.ParsePickle(e.Value); err == nil {
			return data.JSON()
		}
	}
	return ""
}
