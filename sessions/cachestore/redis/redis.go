package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// Cache is a cachestore.Cache in Redis or Valkey. It is safe for concurrent use.
type Cache struct {
	config Config
	client rueidis.Client
}

var (
	_ cachestore.Cache  = (*Cache)(nil)
	_ cachestore.Lister = (*Cache)(nil)
)

// Close ends the connections.
func (c *Cache) Close() { c.client.Close() }

func (c *Cache) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.config.Timeout)
}

// fault names the operation of an error. Keys and values are not in it.
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redis: %s: %w", op, err)
}

// Get reads value and lifetime in one round trip, and of a value that is too
// long for a session only the beginning.
func (c *Cache) Get(ctx context.Context, key string) (cachestore.Entry, error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	results := c.client.DoMulti(ctx,
		c.client.B().Getrange().Key(key).Start(0).End(cachestore.MaxValue).Build(),
		c.client.B().Pttl().Key(key).Build())
	value, err := results[0].ToString()
	if isType(err, "WRONGTYPE") {
		return cachestore.Entry{}, sessions.ErrNotFound
	}
	if err != nil {
		return cachestore.Entry{}, fault("get", err)
	}
	milliseconds, err := results[1].AsInt64()
	if err != nil {
		return cachestore.Entry{}, fault("pttl", err)
	}
	switch {
	case value == "": // there is none, or an empty one, which is no pickle
		return cachestore.Entry{}, sessions.ErrNotFound
	case milliseconds < 0: // -1 is no end; -2 is gone in between
		return cachestore.Entry{Value: value}, nil
	}
	return cachestore.Entry{Value: value, Expires: time.Now().Add(time.Duration(milliseconds) * time.Millisecond)}, nil
}

func isType(err error, kind string) bool {
	var fromServer *rueidis.RedisError
	return errors.As(err, &fromServer) && len(fromServer.Error()) >= len(kind) && fromServer.Error()[:len(kind)] == kind
}

// Add is SET NX.
func (c *Cache) Add(ctx context.Context, key, value string, lifetime time.Duration) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	err := c.client.Do(ctx, c.client.B().Set().Key(key).Value(value).Nx().ExSeconds(seconds(lifetime)).Build()).Error()
	if rueidis.IsRedisNil(err) {
		return sessions.ErrExists
	}
	return fault("add", err)
}

// Set is SET.
func (c *Cache) Set(ctx context.Context, key, value string, lifetime time.Duration) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	return fault("set", c.client.Do(ctx, c.client.B().Set().Key(key).Value(value).ExSeconds(seconds(lifetime)).Build()).Error())
}

// swap returns 1 where it was done, 0 where the key is gone and -1 where it has
// another value.
var swap = rueidis.NewLuaScript(`
local now = redis.call('GET', KEYS[1])
if not now then return 0 end
if now ~= ARGV[1] then return -1 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`)

// Swap is a script, sent by its digest, and whole to a server that does not know
// it yet.
func (c *Cache) Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	done, err := swap.Exec(ctx, c.client, []string{key}, []string{old, value, strconv.FormatInt(seconds(lifetime), 10)}).AsInt64()
	switch {
	case err != nil:
		return fault("swap", err)
	case done == 0:
		return sessions.ErrNotFound
	case done < 0:
		return sessions.ErrConflict
	}
	return nil
}

// deleteIf returns 1 where it was done, 0 where the key is gone and -1 where it has
// another value.
var deleteIf = rueidis.NewLuaScript(`
local now = redis.call('GET', KEYS[1])
if not now then return 0 end
if now ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1])
return 1`)

// DeleteIf is a script, and WAIT where replicas must confirm it.
func (c *Cache) DeleteIf(ctx context.Context, key, old string) error {
	scripting, cancel := c.within(ctx)
	defer cancel()
	done, err := deleteIf.Exec(scripting, c.client, []string{key}, []string{old}).AsInt64()
	switch {
	case err != nil:
		return fault("delete", err)
	case done == 0:
		return sessions.ErrNotFound
	case done < 0:
		return sessions.ErrConflict
	case c.config.DeleteAcks == 0:
		return nil
	}
	return c.Delete(ctx, key)
}

// Delete is DEL, and WAIT where replicas must confirm it. It is repeated where a
// connection broke, for it does not matter how often it is done.
func (c *Cache) Delete(ctx context.Context, key string) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	if err := c.client.Do(ctx, c.client.B().Del().Key(key).Build().ToRetryable()).Error(); err != nil {
		return fault("delete", err)
	}
	if c.config.DeleteAcks == 0 {
		return nil
	}
	return fault("delete", c.client.Dedicated(func(node rueidis.DedicatedClient) error {
		return c.confirm(ctx, node, key)
	}))
}

// errAcks: the session is gone on the master, and a replica may still have it.
var errAcks = errors.New("too few replicas confirmed it")

// confirm waits on a connection of its own until the replicas of the key's
// master have what the master did. WAIT is about the writes of its connection,
// hence a second DEL.
func (c *Cache) confirm(ctx context.Context, node rueidis.DedicatedClient, key string) error {
	if err := node.Do(ctx, node.B().Del().Key(key).Build()).Error(); err != nil {
		return err
	}
	replicas, err := connected(ctx, node)
	if err != nil {
		return err
	}
	want := int64(min(c.config.DeleteAcks, replicas))
	if want == 0 {
		return nil
	}
	got, err := node.Do(ctx, node.B().Wait().Numreplicas(want).Timeout(c.config.AckTimeout.Milliseconds()).Build()).AsInt64()
	if err == nil && got < want {
		err = errAcks
	}
	return err
}

// connected counts the replicas that the master has.
func connected(ctx context.Context, node rueidis.DedicatedClient) (int, error) {
	role, err := node.Do(ctx, node.B().Role().Build()).ToArray()
	if err != nil {
		return 0, err
	}
	if len(role) < 3 {
		return 0, errors.New("the reply to ROLE is too short")
	}
	replicas, err := role[2].ToArray()
	return len(replicas), err
}

// seconds is at most a hundred years: Redis refuses what overflows.
func seconds(lifetime time.Duration) int64 {
	return int64(min(max(lifetime, time.Second), 100*365*24*time.Hour) / time.Second)
}
