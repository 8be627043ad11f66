package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/redis/rueidis"
)

// Defaults of Config.
const (
	DefaultDialTimeout = 2 * time.Second
	DefaultTimeout     = 3 * time.Second
	DefaultAckTimeout  = time.Second
)

// Config says where the servers are. Only URL is required.
type Config struct {
	// URL is redis://user:password@host:port/database, rediss:// for TLS, or
	// unix://user:password@/path/to/socket?db=1; valkey:// and valkeys:// are the
	// same. Django: LOCATION; of a list there take the first, which is the one
	// that Django writes to: its others are replicas, from which a session might
	// be read that has just ended.
	URL string
	// Addresses are further host:port of the same cluster or of further
	// Sentinels, tried in turn when the one of URL does not answer. They have no
	// meaning for a single server.
	Addresses []string
	// Cluster says that the servers are a Redis Cluster.
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
func (c Config) String() string {
	where := "…"
	if u, err := url.Parse(c.URL); err == nil {
		where = u.Redacted()
	}
	return fmt.Sprintf("redis.Config{URL: %q}", where)
}

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
// answered.
func Open(ctx context.Context, c Config) (*Cache, error) {
	if c.Cluster && c.Sentinel != "" {
		return nil, errors.New("redis: Config.Cluster and Config.Sentinel are both set; choose one")
	}
	c.setDefaults()
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		return nil, fmt.Errorf("redis: open %v: %w", c, err)
	}
	cache := &Cache{config: c, client: client}
	ctx, cancel := cache.within(ctx)
	defer cancel()
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		client.Close()
		return nil, fmt.Errorf("redis: open %v: %w", c, err)
	}
	return cache, nil
}

// sentinelRefresh is how often the Sentinels are asked who is the master, for
// the case that their message about a new one was lost.
const sentinelRefresh = 2 * time.Second

func (c *Config) options() (rueidis.ClientOption, error) {
	o, err := rueidis.ParseURL(c.URL)
	if err != nil { // the error of net/url shows the password
		return o, fmt.Errorf("redis: Config.URL is not redis://, rediss:// or unix://, or is malformed: %v", c)
	}
	o.InitAddress = append(o.InitAddress, c.Addresses...)
	if o.TLSConfig != nil {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if c.TLS != nil {
			o.TLSConfig = c.TLS.Clone()
		}
	} else if c.TLS != nil {
		return o, errors.New("redis: Config.TLS is set and the URL is not rediss://")
	}
	o.Dialer.Timeout = c.DialTimeout
	o.ConnWriteTimeout = c.Timeout
	o.DisableCache = true // what this process itself wrote would be read late
	o.RetryDelay = retryDelay
	o.ForceSingleClient = !c.Cluster && c.Sentinel == ""
	o.ClusterOption.MaxMovedRedirections = 5
	o.Sentinel = rueidis.SentinelOption{
		Dialer: o.Dialer, TLSConfig: o.TLSConfig, MasterSet: c.Sentinel,
		Username: c.SentinelUsername, Password: c.SentinelPassword, TopologyRefreshInterval: sentinelRefresh,
	}
	return o, nil
}

// retryDelay repeats what may be repeated three times and no more: a server in
// trouble is not helped by a storm.
func retryDelay(attempts int, _ rueidis.Completed, _ error) time.Duration {
	if attempts > 3 {
		return -1
	}
	return time.Duration(attempts) * 20 * time.Millisecond
}
