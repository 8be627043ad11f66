package sessionstest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// Memory is a store in memory for tests. It writes down what it is asked and
// fails on request. A program that serves people wants another one: what is in
// here is lost with the process, and no other process sees it.
type Memory struct {
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

var (
	_ sessions.Store   = (*Memory)(nil)
	_ sessions.Clearer = (*Memory)(nil)
	_ sessions.Walker  = (*Memory)(nil)
)

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{rows: map[string]row{}} }

// FailWith lets every operation fail with err, until it is called with nil.
func (m *Memory) FailWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Log returns the operations since it was asked last: load, create, update, move and
// delete.
func (m *Memory) Log() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.log
	m.log = nil
	return log
}

// Put stores JSON text under key, as it is, to expire in an hour.
func (m *Memory) Put(key, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	m.rows[key] = row{text, time.Now().Add(time.Hour), m.next}
}

// Sessions returns the JSON text of each session by its key.
func (m *Memory) Sessions() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string]string, len(m.rows))
	for key, r := range maps.All(m.rows) {
		all[key] = r.text
	}
	return all
}

func (m *Memory) begin(ctx context.Context, op string) error {
	m.log = append(m.log, op)
	return errors.Join(m.fail, ctx.Err())
}

// Load returns a session.
func (m *Memory) Load(ctx context.Context, key string) (*sessions.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "load"); err != nil {
		return nil, err
	}
	r, ok := m.rows[key]
	if !ok || !r.expires.After(time.Now()) {
		return nil, sessions.ErrNotFound
	}
	data, err := sessions.ParseData(r.text)
	return &sessions.Record{Data: data, Expires: r.expires, Version: fmt.Sprint(r.version), Corrupt: err}, nil
}

// Create stores a new session.
func (m *Memory) Create(ctx context.Context, key string, r *sessions.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "create"); err != nil {
		return err
	}
	if _, ok := m.rows[key]; ok {
		return sessions.ErrExists
	}
	m.put(key, r)
	return nil
}

// Update replaces a session.
func (m *Memory) Update(ctx context.Context, key string, r *sessions.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "update"); err != nil {
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

func (m *Memory) put(key string, r *sessions.Record) {
	m.next++
	m.rows[key] = row{r.Data.JSON(), r.Expires, m.next}
	r.Version = fmt.Sprint(m.next)
}

// Move returns a session another key.
func (m *Memory) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "move"); err != nil {
		return err
	}
	now, ok := m.rows[old]
	_, taken := m.rows[new]
	switch {
	case !ok:
		return sessions.ErrNotFound
	case fmt.Sprint(now.version) != r.Version:
		return sessions.ErrConflict
	case taken:
		return sessions.ErrExists
	}
	delete(m.rows, old)
	m.put(new, r)
	return nil
}

// Walk lists the sessions of the moment when it is called.
func (m *Memory) Walk(ctx context.Context, f func(key string, d sessions.Data) error) error {
	for key, text := range m.Sessions() {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := sessions.ParseData(text)
		if err != nil {
			continue
		}
		if err := f(key, data); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes a session.
func (m *Memory) Delete(ctx context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "delete"); err != nil {
		return err
	}
	delete(m.rows, key)
	return nil
}

// ClearExpired removes the sessions that have expired.
func (m *Memory) ClearExpired(ctx context.Context) (n int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(ctx, "clear"); err != nil {
		return 0, err
	}
	for key, r := range m.rows {
		if !r.expires.After(time.Now()) {
			delete(m.rows, key)
			n++
		}
	}
	return n, nil
}
