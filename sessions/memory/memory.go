package memory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
)

const (
	// MinBytes is the least memory, which holds some hundred sessions.
	MinBytes = 1 << 20
	// maxAge is how long an entry counts at most, for the case that a store does not tell of a
	// change although it seems to.
	maxAge = 10 * time.Minute
	// maxEntry is the weight of the largest session that is kept.
	maxEntry = 64 << 10
)

// Config specifies what is kept in memory. All fields but Logger are required.
type Config struct {
	// Store keeps the sessions: one of dbstore, cachestore or cacheddb, on PostgreSQL, on a file of
	// SQLite, or in Redis.
	Store sessions.Store
	// Database keeps the users: PostgreSQL or a file of SQLite.
	Database *database.DB
	// Bytes is how much memory the sessions and users take at most, MinBytes or more.
	Bytes int64
	// Logger is told when changes begin to be heard of, and when not any more. Nil means
	// slog.Default().
	Logger *slog.Logger
}

// teller is a store that tells of changes.
type teller interface {
	Changes() (*changes.Channel, error)
}

// New returns a memory. Nothing counts in it until Run is called. The error says why a store does
// not tell of changes, and what helps.
func New(c Config) (*Memory, error) {
	if c.Store == nil || c.Database == nil {
		return nil, errors.New("memory: Config.Store and Config.Database must both be set")
	}
	if c.Bytes < MinBytes {
		return nil, fmt.Errorf("memory: Config.Bytes is %d; %d is the least", c.Bytes, MinBytes)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	rows, err := c.Database.Changes()
	if err != nil {
		return nil, fmt.Errorf("memory: users: %w", err)
	}
	t, ok := c.Store.(teller)
	if !ok {
		return nil, errors.New("memory: sessions: the store does not tell of changes; keep sessions in the " +
			"database, in Redis, or in both")
	}
	told, err := t.Changes()
	if err != nil {
		return nil, fmt.Errorf("memory: sessions: %w", err)
	}
	return create(c, rows, told)
}

// create returns a memory of two channels, which are one where the rows are in the same database.
func create(c Config, rows, told *changes.Channel) (*Memory, error) {
	start := time.Now()
	m := &Memory{store: c.Store, db: c.Database}
	m.users.feed = &feed{channel: rows, log: c.Logger, start: start}
	m.sessions.feed = m.users.feed
	if told.How != rows.How {
		m.sessions.feed = &feed{channel: told, log: c.Logger, start: start}
	}
	var err error
	m.sessions.kept, err = otter.New(&otter.Options[changes.Digest, *kept]{
		MaximumWeight: uint64(c.Bytes / 4 * 3),
		Weigher:       func(_ changes.Digest, k *kept) uint32 { return k.weight },
	})
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	m.users.kept, err = otter.New(&otter.Options[string, *keptUser]{
		MaximumWeight: uint64(c.Bytes / 4),
		Weigher:       func(_ string, k *keptUser) uint32 { return k.weight },
	})
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	m.along = c.Database.UserMemory(&m.users)
	c.Database.OnUserWrite(m.users.forget)
	return m, nil
}

// Memory is a sessions.Store that keeps sessions, and their users, in front of another. It is safe
// for concurrent use.
type Memory struct {
	store    sessions.Store
	db       *database.DB
	sessions keptSessions
	users    keptUsers
	along    func(context.Context) context.Context
}

var _ sessions.Store = (*Memory)(nil)

// Run hears of changes until ctx is done.
func (m *Memory) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	if m.sessions.feed == m.users.feed {
		m.users.feed.run(ctx, &hearer{feed: m.users.feed, sessions: &m.sessions, users: &m.users})
		return
	}
	running.Go(func() { m.sessions.feed.run(ctx, &hearer{feed: m.sessions.feed, sessions: &m.sessions}) })
	m.users.feed.run(ctx, &hearer{feed: m.users.feed, users: &m.users})
}

// Live reports whether sessions and users in memory count now.
func (m *Memory) Live() bool {
	now := time.Now()
	return m.sessions.feed.live(now) && m.users.feed.live(now)
}

// Bounds returns for how long a change by another program may not be seen yet, in sessions and in
// users.
func (m *Memory) Bounds() (ofSessions, ofUsers time.Duration) {
	return m.sessions.feed.channel.Bound, m.users.feed.channel.Bound
}

// hearer passes on what a channel tells. What it has nothing of is nil.
type hearer struct {
	feed     *feed
	sessions *keptSessions
	users    *keptUsers
}

// Session implements changes.Hearer.
func (h *hearer) Session(d changes.Digest) {
	if h.sessions != nil {
		h.sessions.forget(d)
	}
}

// User implements changes.Hearer.
func (h *hearer) User(id string) {
	if h.users != nil {
		h.users.forget(id)
	}
}

// Everything implements changes.Hearer.
func (h *hearer) Everything() {
	if h.sessions != nil {
		h.sessions.forgetAll()
	}
	if h.users != nil {
		h.users.forgetAll()
	}
}

// Current implements changes.Hearer.
func (h *hearer) Current(at time.Time) { h.feed.current(at) }

// Size is how many bytes the entries take, about, with those that do not count any more and wait
// for others to take their place.
func (m *Memory) Size() int64 {
	return int64(m.sessions.kept.WeightedSize() + m.users.kept.WeightedSize())
}
