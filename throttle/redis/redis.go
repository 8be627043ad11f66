package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/coatcheck/coatcheck/internal/redisconn"
	"github.com/coatcheck/coatcheck/throttle"
)

// Defaults of Config.
const (
	DefaultPrefix      = "coatcheck:throttle:"
	DefaultDialTimeout = redisconn.DefaultDialTimeout
	DefaultTimeout     = redisconn.DefaultTimeout
)

// Config specifies where the servers are. Only URL is required.
//
// The server must not evict keys when its memory is full (maxmemory-policy
// noeviction), or budgets become whole before their time: do not take one that is
// a cache. Redis must be of version 5 at least.
type Config struct {
	// URL is redis://user:password@host:port/database, rediss:// for TLS, or
	// unix://user:password@/path/to/socket?db=1; valkey:// and valkeys:// are the
	// same.
	URL string
	// Addresses are further host:port of the same cluster or of further Sentinels.
	Addresses []string
	// Cluster means that the servers are a Redis Cluster.
	Cluster bool
	// Sentinel is the name of the master that the Sentinels at URL and Addresses
	// watch. User, password and database of URL are then those of the servers.
	Sentinel string
	// SentinelUsername and SentinelPassword are for the Sentinels themselves.
	SentinelUsername, SentinelPassword string
	// TLS is for rediss://, of Sentinels too; nil trusts the system's authorities.
	TLS *tls.Config
	// DialTimeout bounds connecting; DefaultDialTimeout when 0.
	DialTimeout time.Duration
	// Timeout bounds each operation; DefaultTimeout when 0. Past it the login fails
	// with 503.
	Timeout time.Duration
	// Prefix begins every key; DefaultPrefix when empty.
	Prefix string
}

// String hides the passwords.
func (c Config) String() string { return redisconn.Shown(c.URL) }

// GoString hides the passwords.
func (c Config) GoString() string { return c.String() }

// Store is a throttle.Store in Redis or Valkey. It is safe for concurrent use.
type Store struct {
	client  rueidis.Client
	prefix  string
	timeout time.Duration
}

var _ throttle.Store = (*Store)(nil)

// Open connects. The error is about the configuration, or says that no server
// is reachable.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.DialTimeout == 0 {
		c.DialTimeout = DefaultDialTimeout
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
	}
	client, err := redisconn.Open(ctx, redisconn.Config{
		URL: c.URL, Addresses: c.Addresses, Cluster: c.Cluster,
		Sentinel: c.Sentinel, SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword,
		TLS: c.TLS, DialTimeout: c.DialTimeout, Timeout: c.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return &Store{client: client, prefix: c.Prefix, timeout: c.Timeout}, nil
}

// Close ends the connections.
func (s *Store) Close() { s.client.Close() }

// What the scripts share: the server's time in microseconds, which a number of Lua
// holds exactly, and storing the time at which the budget is whole. A key ends a
// second after it, so that rounding ends none too early.
const common = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local tat = tonumber(redis.call('GET', KEYS[1]) or '0')
local function store(tat)
  redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', string.format('%.0f', math.ceil((tat - now) / 1000) + 1000))
end
`

// take returns 0 where it took an attempt, else the microseconds to wait.
var take = rueidis.NewLuaScript(common + `
local every, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
if tat > now + slack then return tat - now - slack end
store(math.max(tat, now) + every)
return 0`)

var give = rueidis.NewLuaScript(common + `
tat = tat - tonumber(ARGV[1])
if tat > now then store(tat) else redis.call('DEL', KEYS[1]) end
return 0`)

// Take uses an attempt. It is not repeated where a connection broke.
func (s *Store) Take(ctx context.Context, name string, limit throttle.Limit) (time.Duration, error) {
	every := limit.Every.Microseconds()
	wait, err := s.run(ctx, take, name, every, int64(limit.Burst-1)*every)
	return time.Duration(wait) * time.Microsecond, err
}

// Give returns an attempt back.
func (s *Store) Give(ctx context.Context, name string, limit throttle.Limit) error {
	_, err := s.run(ctx, give, name, limit.Every.Microseconds())
	return err
}

// Reset restores a budget.
func (s *Store) Reset(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return fault(s.client.Do(ctx, s.client.B().Del().Key(s.key(name)).Build()).Error())
}

// key has a hash tag: in a cluster it alone says which node has the key.
func (s *Store) key(name string) string { return s.prefix + "{" + name + "}" }

func (s *Store) run(ctx context.Context, script *rueidis.Lua, name string, numbers ...int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	args := make([]string, len(numbers))
	for i, n := range numbers {
		args[i] = strconv.FormatInt(n, 10)
	}
	answer, err := script.Exec(ctx, s.client, []string{s.key(name)}, args).AsInt64()
	return answer, fault(err)
}

func fault(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redis: throttle: %w", err)
}
