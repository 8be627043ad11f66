package memcached

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// Defaults of Config.
const (
	DefaultTimeout = 2 * time.Second
	DefaultMaxIdle = 16
)

// Config specifies where the servers are. Only Servers is required.
type Config struct {
	// Servers are host:port or unix:/path, in Django's spelling: a server's name
	// is part of the choice, so "localhost:11211" and "127.0.0.1:11211" are two.
	// Django: LOCATION.
	Servers []string
	// Timeout bounds connecting, and each operation; DefaultTimeout when 0.
	Timeout time.Duration
	// MaxIdle is how many connections to each server are kept; DefaultMaxIdle
	// when 0. Every request in flight may have one of its own.
	MaxIdle int
}

// Cache is a cachestore.Cache in memcached. It is safe for concurrent use.
type Cache struct {
	client *memcache.Client
}

var _ cachestore.Cache = (*Cache)(nil)

// Open asks every server for a response. The error is about the configuration, or
// says that one gave none.
func Open(ctx context.Context, c Config) (*Cache, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("memcached: no server given; set Config.Servers")
	}
	servers, err := newSelector(c.Servers)
	if err != nil {
		return nil, err
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxIdle == 0 {
		c.MaxIdle = DefaultMaxIdle
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout, client.MaxIdleConns = c.Timeout, c.MaxIdle
	cache := &Cache{client}
	return cache, cache.do(ctx, "open", client.Ping)
}

// Close ends the connections.
func (c *Cache) Close() error { return c.client.Close() }

// pickled is the flag of pymemcache and pylibmc for a pickle. A value with others
// is text, an integer or compressed, and no session.
const pickled = 1

// do runs an operation, unless the client has gone away before it began. Past
// that it ends by the timeout, for the driver knows no context.
func (c *Cache) do(ctx context.Context, op string, f func() error) error {
	err := ctx.Err()
	if err == nil {
		err = f()
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, memcache.ErrCacheMiss):
		return sessions.ErrNotFound
	case strings.Contains(err.Error(), "too large"):
		return sessions.ErrTooLarge
	}
	return fmt.Errorf("memcached: %s: %w", op, err)
}

func (c *Cache) get(ctx context.Context, key string) (item *memcache.Item, err error) {
	err = c.do(ctx, "get", func() error {
		item, err = c.client.Get(key)
		return err
	})
	if err != nil {
		return nil, err
	}
	if item.Flags != pickled {
		return nil, sessions.ErrNotFound
	}
	return item, nil
}

// Get reads a value. Its lifetime is not known: the protocol does not tell.
func (c *Cache) Get(ctx context.Context, key string) (cachestore.Entry, error) {
	item, err := c.get(ctx, key)
	if err != nil {
		return cachestore.Entry{}, err
	}
	return cachestore.Entry{Value: string(item.Value)}, nil
}

// Add is add.
func (c *Cache) Add(ctx context.Context, key, value string, lifetime time.Duration) error {
	return c.do(ctx, "add", func() error {
		err := c.client.Add(newItem(key, value, lifetime))
		if errors.Is(err, memcache.ErrNotStored) {
			return sessions.ErrExists
		}
		return err
	})
}

// Set is set.
func (c *Cache) Set(ctx context.Context, key, value string, lifetime time.Duration) error {
	return c.do(ctx, "set", func() error { return c.client.Set(newItem(key, value, lifetime)) })
}

// Swap is gets and cas: the server stores nothing where somebody wrote in between.
func (c *Cache) Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error {
	item, err := c.get(ctx, key)
	if err != nil {
		return err
	}
	if string(item.Value) != old {
		return sessions.ErrConflict
	}
	item.Value, item.Expiration = []byte(value), expiration(lifetime)
	return c.cas(ctx, item)
}

// cas stores an item that was got, unless somebody wrote in between.
func (c *Cache) cas(ctx context.Context, item *memcache.Item) error {
	return c.do(ctx, "cas", func() error {
		err := c.client.CompareAndSwap(item)
		switch {
		case errors.Is(err, memcache.ErrCASConflict):
			return sessions.ErrConflict
		case errors.Is(err, memcache.ErrNotStored):
			return sessions.ErrNotFound
		}
		return err
	})
}

// tombstone is what a deleted session leaves for a moment: it is no pickle, so that
// Get finds nothing.
const (
	tombstone     = "-"
	tombstoneTime = time.Second
)

// DeleteIf is gets and cas, by which the session gives way to a tombstone, and delete.
func (c *Cache) DeleteIf(ctx context.Context, key, old string) error {
	item, err := c.get(ctx, key)
	if err != nil {
		return err
	}
	if string(item.Value) != old {
		return sessions.ErrConflict
	}
	item.Value, item.Flags, item.Expiration = []byte(tombstone), 0, expiration(tombstoneTime)
	if err := c.cas(ctx, item); err != nil {
		return err
	}
	return c.Delete(ctx, key)
}

// Delete is delete.
func (c *Cache) Delete(ctx context.Context, key string) error {
	err := c.do(ctx, "delete", func() error { return c.client.Delete(key) })
	if errors.Is(err, sessions.ErrNotFound) {
		return nil
	}
	return err
}

func newItem(key, value string, lifetime time.Duration) *memcache.Item {
	return &memcache.Item{Key: key, Value: []byte(value), Flags: pickled, Expiration: expiration(lifetime)}
}

// relative is the longest lifetime that memcached takes for one, 30 days; what
// is greater is a time since 1970.
const relative = 30 * 24 * time.Hour

// expiration is Django's get_backend_timeout, but that memcached has 32 bits for a
// time: what Django sends past 2038 is a time of the past to it, or a wrong one. Here
// that is the last time it knows, or where that is near, the longest lifetime.
func expiration(lifetime time.Duration) int32 {
	seconds, now := int64(max(lifetime, time.Second)/time.Second), time.Now().Unix()
	switch {
	case lifetime <= relative:
		return int32(seconds)
	case now+seconds <= math.MaxInt32:
		return int32(now + seconds)
	case now+int64(relative/time.Second) <= math.MaxInt32:
		return math.MaxInt32
	}
	return int32(relative / time.Second)
}
