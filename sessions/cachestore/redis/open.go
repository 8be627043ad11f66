package redis

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/coatcheck/coatcheck/internal/redisconn"
)

// Defaults of Config.
const (
	DefaultDialTimeout = redisconn.DefaultDialTimeout
	DefaultTimeout     = redisconn.DefaultTimeout
	DefaultAckTimeout  = time.Second
)

// Config specifies where the servers are. Only URL is required.
type Config struct {
	// URL is redis://user:password@host:port/database, rediss:// for TLS, or
	// unix://user:password@/path/to/socket?db=1; valkey:// and valkeys:// are the
	// same. Django: LOCATION; of a list there take the first, which is the one
	// that Django writes to: its others are replicas, from which a session might
	// be read that has just ended.
	URL string
	// Addresses are further host:port of the same cluster or of further
	// Sentinels, tried in turn when the one of URL is unreachable. They have no
	// meaning for a single server.
	Addresses []string
	// Cluster means that the servers are a Redis Cluster.
	Cluster bool
	// Sentinel is the name of the master that the Sentinels at URL and Addresses
	// watch. User, password and database of URL are then those of the servers.
	Sentinel string
	// SentinelUsername and SentinelPassword are for the Sentinels themselves.
	SentinelUsername, SentinelPassword string
	// TLS is for rediss://, of Sentinels too; nil trusts the system's
	// authorities. Without a ServerName each server must prove the name or
	// address that it is reached under. Django: ssl_ca_certs and the like in
	// OPTIONS.
	TLS *tls.Config
	// DialTimeout bounds connecting; DefaultDialTimeout when 0.
	DialTimeout time.Duration
	// Timeout bounds each operation with all its repetitions; DefaultTimeout when
	// 0. Past it the request fails with 503.
	Timeout time.Duration
	// DeleteAcks is how many replicas must confirm that a session is gone before
	// a logout counts as done (WAIT); a session that the replica still had would
	// come back when it takes over. It is 1 when 0, for Sentinel and clusters;
	// below 0 none are asked. A master that has fewer replicas at that time is
	// asked for those that it has: have it refuse writes instead with
	// min-replicas-to-write.
	DeleteAcks int
	// AckTimeout is how long to wait for them; DefaultAckTimeout when 0. Past it
	// the logout fails with 503.
	AckTimeout time.Duration
}

// String hides the passwords.
func (c Config) String() string { return redisconn.Shown(c.URL) }

// GoString hides the passwords.
func (c Config) GoString() string { return c.String() }

func (c *Config) setDefaults() {
	if c.DialTimeout == 0 {
		c.DialTimeout = DefaultDialTimeout
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.AckTimeout == 0 {
		c.AckTimeout = DefaultAckTimeout
	}
	switch {
	case !c.Cluster && c.Sentinel == "" || c.DeleteAcks < 0:
		c.DeleteAcks = 0
	case c.DeleteAcks == 0:
		c.DeleteAcks = 1
	}
}

// Open connects. The error is about the configuration, or says that no server
// is reachable.
func Open(ctx context.Context, c Config) (*Cache, error) {
	c.setDefaults()
	cache := &Cache{config: c}
	client, err := redisconn.Open(ctx, cache.conn())
	if err != nil {
		return nil, err
	}
	cache.client = client
	return cache, nil
}
