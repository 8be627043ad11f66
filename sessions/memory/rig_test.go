package memory_test

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/memory"
	"github.com/coatcheck/coatcheck/signing"
)

// node is one of several processes of a site, as far as their memories go.
type node struct {
	db     *database.DB
	store  sessions.Store
	memory *memory.Memory
	engine *sessions.Engine
}

// site is a place for sessions and users, which nodes share. A node behind proxies can be cut off.
type site struct {
	name  string
	bound time.Duration // of sessions and of users
	node  func(t *testing.T, behind bool) *node
	cut   func()                // ends the connections of the nodes behind
	hold  func(d time.Duration) // holds up what they say and hear
	// seldom is of how many operations beside writes without end one at least is a read from memory:
	// 20, and 1,000 on SQLite, where each write empties all memories.
	seldom int64
}

// sites are the stores that tell of changes.
func sites(t *testing.T) []func(t *testing.T) *site {
	t.Helper()
	return []func(t *testing.T) *site{onSQLite, onPostgres, onRedis}
}

// each runs a test on all of them.
func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	for i, open := range sites(t) {
		t.Run([]string{"sqlite", "postgres", "redis"}[i], func(t *testing.T) { test(t, open(t)) })
	}
}

func onSQLite(t *testing.T) *site {
	path := filepath.Join(t.TempDir(), "site.db")
	b := &breaker{}
	s := &site{name: "sqlite", seldom: 1000, bound: 50 * time.Millisecond, cut: b.cut, hold: b.hold}
	s.node = func(t *testing.T, behind bool) *node {
		db, err := sqlite.Open(t.Context(), path)
		return begin(t, db, err, nil, b.only(behind))
	}
	return s
}

func onPostgres(t *testing.T) *site {
	d := testenv.PostgresDatabase(t)
	p := newProxy(t, net.JoinHostPort(d.Host, d.Port))
	s := &site{name: "postgres", seldom: 20, bound: time.Second, cut: p.cut, hold: p.hold}
	s.node = func(t *testing.T, behind bool) *node {
		reached := d
		if behind {
			reached.Host, reached.Port, _ = net.SplitHostPort(p.address)
		}
		db, err := postgres.Open(t.Context(), reached.URL())
		if err == nil {
			err = db.CreateTriggers(t.Context())
		}
		return begin(t, db, err, nil, nil)
	}
	return s
}

func onRedis(t *testing.T) *site {
	address, path := testenv.RedisWith(t), filepath.Join(t.TempDir(), "site.db")
	p, b := newProxy(t, address), &breaker{} // its users are in SQLite
	s := &site{name: "redis", seldom: 20, bound: time.Second, cut: func() { p.cut(); b.cut() }, hold: p.hold}
	s.node = func(t *testing.T, behind bool) *node {
		reached := address
		if behind {
			reached = p.address
		}
		cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + reached + "/0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cache.Close)
		store, err := cachestore.New(cachestore.Config{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		db, err := sqlite.Open(t.Context(), path)
		return begin(t, db, err, store, b.only(behind))
	}
	return s
}

// begin starts a node on a database, with its sessions in rows if there is no store.
func begin(t *testing.T, db *database.DB, err error, store sessions.Store, b *breaker) *node {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if store == nil {
		codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "a key for these tests"}})
		if err != nil {
			t.Fatal(err)
		}
		store = dbstore.New(db, codec)
	}
	n := &node{db: db, store: store}
	n.memory, err = memory.New(memory.Config{
		Store: store, Database: db, Bytes: memory.MinBytes, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.engine, err = sessions.New(sessions.Config{
		Store: store, Between: func(sessions.Store) sessions.Store { return n.memory },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if b != nil {
		n.memory.Through(b.through)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { n.memory.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	n.await(t)
	return n
}

// await waits until the memory counts.
func (n *node) await(t *testing.T) {
	t.Helper()
	await(t, "the memory does not begin to count", n.memory.Live)
}

// await waits until something is so.
func await(t *testing.T, failure string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(failure)
		}
	}
}

// create stores a session that holds a number.
func (n *node) create(t *testing.T, number int) (key string) {
	t.Helper()
	session := n.engine.Session("")
	if err := session.Set(t.Context(), "number", number); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	return string(session.Key())
}

// number loads a session and returns what it holds.
func number(ctx context.Context, n *node, key string) (number int, err error) {
	r, err := n.memory.Load(ctx, key)
	if err != nil {
		return 0, err
	}
	text, _ := r.Data.Get("number")
	return strconv.Atoi(text)
}
