package memory

import (
	"context"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
)

// Load returns the session from memory, if it counts, and else from the store. In a transaction
// memory is not asked.
func (m *Memory) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if !plain(key) || m.db.Executor().InTx(ctx) {
		return m.store.Load(ctx, key)
	}
	d, now := changes.Of(key), time.Now()
	if k := m.sessions.get(d, now); k != nil {
		if flow.On(ctx) {
			flow.Emit(ctx, "session.remembered", slog.String("key", flow.Brief(key)))
		}
		return &k.record, nil
	}
	before, users := m.sessions.mark(d), since{&m.users, m.users.forgot.Load()}
	r, err := m.store.Load(ctx, key)
	if err != nil {
		return nil, err
	}
	m.keep(d, r, now, before)
	read, along := r.Along, m.db.UserMemory(users)
	r.Along = along
	if read != nil {
		r.Along = func(ctx context.Context) context.Context { return along(read(ctx)) }
	}
	return r, nil
}

// keep keeps a session that was loaded, unless it is one that a request would have to see to.
func (m *Memory) keep(d changes.Digest, r *sessions.Record, at time.Time, before mark) {
	if r.Corrupt != nil || r.ReadOnly != nil || r.Replace || r.Key != "" || !m.sessions.feed.live(at) {
		return
	}
	weight := sessionWeight(r)
	if weight > maxEntry {
		return
	}
	r.Kept = true
	k := &kept{record: *r, at: at, weight: uint32(weight)}
	k.record.Along = m.along
	m.sessions.keep(d, k, before)
}

// LoadFresh loads the session and its user from their stores.
func (m *Memory) LoadFresh(ctx context.Context, key string) (*sessions.Record, error) {
	return m.store.Load(ctx, key)
}

// Create creates the session in the store.
func (m *Memory) Create(ctx context.Context, key string, r *sessions.Record) error {
	defer m.forget(ctx, key)
	return m.store.Create(ctx, key, r)
}

// Update updates the session in the store, and forgets it.
func (m *Memory) Update(ctx context.Context, key string, r *sessions.Record) error {
	defer m.forget(ctx, key)
	return m.store.Update(ctx, key, r)
}

// Move moves the session in the store, and forgets it.
func (m *Memory) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	defer m.forget(ctx, new)
	defer m.forget(ctx, old)
	return m.store.Move(ctx, old, new, r)
}

// Delete deletes the session in the store, and forgets it.
func (m *Memory) Delete(ctx context.Context, key string) error {
	defer m.forget(ctx, key)
	return m.store.Delete(ctx, key)
}

// forget forgets a session, whether the store did what it was asked for or failed; and again once
// a transaction is over that it may have been in.
func (m *Memory) forget(ctx context.Context, key string) {
	d := changes.Of(key)
	m.sessions.forget(d)
	if m.db.Executor().InTx(ctx) {
		database.OnCommit(ctx, func() { m.sessions.forget(d) })
	}
}

// plain reports whether a key has the form of those that are made here and by Django.
func plain(key string) bool {
	if len(key) != keyLength {
		return false
	}
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// keyLength is that of keys.
const keyLength = 32
