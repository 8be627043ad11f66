package accounts_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/memcached"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/filestore"
	"github.com/coatcheck/coatcheck/signing"
)

// codec signs as the sites of coatchecktest do.
func codec(t testing.TB) *sessions.Codec {
	t.Helper()
	c, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: coatchecktest.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openRedis opens a throwaway Redis.
func openRedis(t testing.TB) *redis.Cache {
	t.Helper()
	cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + testenv.Redis(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	return cache
}

func openSQLite(t testing.TB) *database.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func signedCookies(t testing.TB) sessions.Store {
	t.Helper()
	store, err := cookiestore.NewIrrevocable(cookiestore.Config{Signing: sessions.CodecConfig{Keys: signing.Keys{Secret: coatchecktest.SecretKey}}})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// warnings is a logger that keeps what is a warning or worse.
func warnings(to *strings.Builder) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// everyEngine runs a test on every database with sessions in it, and on every other
// engine that can end sessions.
func everyEngine(t *testing.T, test func(t *testing.T, change func(*coatcheck.Config))) {
	t.Helper()
	featuretest.Engines(t, test)
	for name, open := range map[string]func(*testing.T, *database.DB) (sessions.Store, error){
		"cache": func(t *testing.T, _ *database.DB) (sessions.Store, error) {
			return cachestore.New(cachestore.Config{Cache: openRedis(t)})
		},
		"memcached": func(t *testing.T, _ *database.DB) (sessions.Store, error) {
			cache, err := memcached.Open(t.Context(), memcached.Config{Servers: []string{testenv.Memcached(t)}})
			if err != nil {
				return nil, err
			}
			return cachestore.New(cachestore.Config{Cache: cache})
		},
		"cached_db": func(t *testing.T, db *database.DB) (sessions.Store, error) {
			return cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec(t)), Cache: openRedis(t)})
		},
		"file": func(t *testing.T, _ *database.DB) (sessions.Store, error) {
			return filestore.New(filestore.Config{Codec: codec(t), Dir: t.TempDir()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := openSQLite(t)
			store, err := open(t, db)
			if err != nil {
				t.Fatal(err)
			}
			test(t, func(c *coatcheck.Config) { c.Database, c.Sessions.Store = db, store })
		})
	}
}

// hooked is a store whose steps a test can hold up, or let fail.
type hooked struct {
	sessions.Store
	before func(ctx context.Context, op, key string) error // may be nil
}

func (h *hooked) step(ctx context.Context, op, key string) error {
	if h.before == nil {
		return nil
	}
	return h.before(ctx, op, key)
}

func (h *hooked) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if err := h.step(ctx, "load", key); err != nil {
		return nil, err
	}
	return h.Store.Load(ctx, key)
}

func (h *hooked) Delete(ctx context.Context, key string) error {
	if err := h.step(ctx, "delete", key); err != nil {
		return err
	}
	return h.Store.Delete(ctx, key)
}

// hook puts a hooked store before that of the configuration, which is the database
// where it has none.
func hook(t testing.TB, c *coatcheck.Config) *hooked {
	h := &hooked{Store: c.Sessions.Store}
	if h.Store == nil {
		h.Store = dbstore.New(c.Database, codec(t))
	}
	c.Sessions.Store = h
	return h
}
