package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/internal/redisconn"
)

const (
	// changesBound is for how long a reply on the connection that tracks counts.
	changesBound = time.Second
	// beat is the pause between two questions there.
	beat = changesBound / 4
)

// Changes returns how this process hears of changes to the keys that begin with the prefix, by any
// program: the server tells a connection of its own (CLIENT TRACKING ON BCAST). The error says why
// it cannot.
func (c *Cache) Changes(
	prefix string, session func(name string) (changes.Digest, bool),
) (*changes.Channel, error) {
	if c.config.Cluster || c.config.Sentinel != "" {
		return nil, errors.New("redis: a cluster and servers behind Sentinel do not tell of changes " +
			"without a gap; name a single server")
	}
	t := &tracking{cache: c, prefix: prefix, session: session}
	return &changes.Channel{How: "Redis client-side tracking", Bound: changesBound, Watch: t.watch}, nil
}

// tracking is how a node hears of changes.
type tracking struct {
	cache   *Cache
	prefix  string
	session func(name string) (changes.Digest, bool)
}

// errLost: what was changed while there was no connection was not told.
var errLost = errors.New("redis: the connection that tracks keys was lost")

// watch is changes.Channel.Watch. The client makes another connection when one breaks, which the
// server knows by another number.
func (t *tracking) watch(ctx context.Context, to changes.Hearer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := t.cache.conn()
	client, err := c.Track(t.prefix, func(names []rueidis.RedisMessage) { t.hear(names, to, cancel) })
	if err != nil {
		return err
	}
	defer client.Close()
	first, err := number(ctx, client)
	if err != nil {
		return err
	}
	to.Everything()
	for {
		at := time.Now()
		// The server replies to the first question before it tells of what came just before
		// that, and to the second one after it.
		for range 2 {
			n, err := number(ctx, client)
			if err == nil && n != first {
				err = errLost
			}
			if err != nil {
				return errors.Join(context.Cause(ctx), err)
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		to.Current(at)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(beat):
		}
	}
}

// hear passes on which keys changed. No names mean that there may be any, as after FLUSHALL, or
// that the connection broke.
func (t *tracking) hear(names []rueidis.RedisMessage, to changes.Hearer, cancel context.CancelCauseFunc) {
	if names == nil {
		cancel(errLost)
		to.Everything()
		return
	}
	for _, m := range names {
		name, err := m.ToString()
		if d, ok := t.session(name); ok && err == nil {
			to.Session(d)
		} else {
			to.Everything()
		}
	}
}

// number asks for the number of the connection.
func number(ctx context.Context, client rueidis.Client) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, changesBound)
	defer cancel()
	n, err := client.Do(ctx, client.B().ClientId().Build()).AsInt64()
	if err != nil {
		return 0, fmt.Errorf("redis: client id: %w", err)
	}
	return n, nil
}

// conn is how the server is reached.
func (c *Cache) conn() redisconn.Config {
	return redisconn.Config{
		URL: c.config.URL, Addresses: c.config.Addresses, Cluster: c.config.Cluster,
		Sentinel: c.config.Sentinel, SentinelUsername: c.config.SentinelUsername,
		SentinelPassword: c.config.SentinelPassword,
		TLS:              c.config.TLS, DialTimeout: c.config.DialTimeout, Timeout: c.config.Timeout,
	}
}
