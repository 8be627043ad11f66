// Package redisconn opens a client of Redis or Valkey, of a single server, of one behind
// Sentinel, or of a cluster, for the packages that keep something there. It is on floor 0,
// the pure tools.
package redisconn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"syscall"
	"time"

	"github.com/redis/rueidis"
)

// Defaults of Config.
const (
	DefaultDialTimeout = 2 * time.Second
	DefaultTimeout     = 3 * time.Second
)

// Config specifies where the servers are, as the Configs of the packages that have one
// for their users explain.
type Config struct {
	URL                                string
	Addresses                          []string
	Cluster                            bool
	Sentinel                           string
	SentinelUsername, SentinelPassword string
	TLS                                *tls.Config
	DialTimeout, Timeout               time.Duration
}

// Shown is a Config with this URL as text, without the password.
func Shown(location string) string {
	where := "…"
	if u, err := url.Parse(location); err == nil {
		where = u.Redacted()
	}
	return fmt.Sprintf("redis.Config{URL: %q}", where)
}

// String hides the passwords.
func (c Config) String() string { return Shown(c.URL) }

// GoString hides the passwords.
func (c Config) GoString() string { return c.String() }

// Open connects. The error is about the configuration, or says that no server
// is reachable.
func Open(ctx context.Context, c Config) (rueidis.Client, error) {
	if c.Cluster && c.Sentinel != "" {
		return nil, errors.New("redis: Config.Cluster and Config.Sentinel are both set; choose one")
	}
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	client, err := rueidis.NewClient(options)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return nil, fmt.Errorf("redis: open %v: the connection was ended at the first command, HELLO (%w). "+
			"Proxies such as twemproxy (nutcracker) do not know it: name Redis 6 or later itself, its Sentinels or its cluster, "+
			"or a proxy that knows HELLO", c, err)
	}
	if err != nil {
		return nil, fmt.Errorf("redis: open %v: %w", c, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		client.Close()
		return nil, fmt.Errorf("redis: open %v: %w", c, err)
	}
	return client, nil
}

// trackingCache is the memory of a client that keeps no values.
const trackingCache = 1 << 12

// Track returns a client with a single connection, on which a single server tells of each change to
// keys with the prefix, before its replies to later commands: see CLIENT TRACKING. The function is
// called with the keys, or with nil for any key and when the connection broke.
func (c Config) Track(prefix string, changed func(keys []rueidis.RedisMessage)) (rueidis.Client, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	options.DisableCache, options.CacheSizeEachConn = false, trackingCache
	options.DisableRetry, options.PipelineMultiplex = true, -1
	options.ClientTrackingOptions = []string{"BCAST", "PREFIX", prefix}
	options.OnInvalidations = changed
	client, err := rueidis.NewClient(options)
	if err != nil {
		return nil, fmt.Errorf("redis: track the keys of %v: %w", c, err)
	}
	return client, nil
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
