package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// memory is a store for tests: it keeps sessions in a map, writes down what it
// is asked, and fails on request.
type memory struct {
	mu   sync.Mutex // guards what follows
	rows map[string]row
	log  []string
	fail error
	next int
}

type row struct {
	text    string
	expires time.Time
	version int
}

func newMemory() *memory { return &memory{rows: map[string]row{}} }

func (m *memory) begin(op string) error {
	m.log = append(m.log, op)
	return m.fail
}

func (m *memory) Load(ctx context.Context, key string) (*sessions.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.begin("load"), ctx.Err()); err != nil {
		return nil, err
	}
	r, ok := m.rows[key]
	if !ok || !r.expires.After(time.Now()) {
		return nil, sessions.ErrNotFound
	}
	data, err := sessions.ParseData(r.text)
	return &sessions.Record{Data: data, Expires: r.expires, Version: fmt.Sprint(r.version), Corrupt: err}, nil
}

func (m *memory) Create(_ context.Context, key string, r *sessions.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin("create"); err != nil {
		return err
	}
	if _, ok := m.rows[key]; ok {
		return sessions.ErrExists
	}
	m.put(key, r)
	return nil
}

func (m *memory) Update(_ context.Context, key string, r *sessions.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin("update"); err != nil {
		return err
	}
	old, ok := m.rows[key]
	switch {
	case !ok:
		return sessions.ErrNotFound
	case fmt.Sprint(old.version) != r.Version:
		return sessions.ErrConflict
	}
	m.put(key, r)
	return nil
}

func (m *memory) put(key string, r *sessions.Record) {
	m.next++
	m.rows[key] = row{r.Data.JSON(), r.Expires, m.next}
	r.Version = fmt.Sprint(m.next)
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin("delete"); err != nil {
		return err
	}
	delete(m.rows, key)
	return nil
}

func (m *memory) ClearExpired(context.Context) (n int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, r := range m.rows {
		if !r.expires.After(time.Now()) {
			delete(m.rows, key)
			n++
		}
	}
	return n, m.fail
}

func TestMemoryStore(t *testing.T) {
	sessionstest.TestStore(t, func(*testing.T) sessions.Store { return newMemory() })
}
