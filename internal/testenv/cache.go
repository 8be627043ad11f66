package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Redis is the host:port of an empty Redis server, without a password, that
// keeps nothing on disk and ends with the test.
func Redis(t testing.TB) string {
	t.Helper()
	return cache(t, EnvRedis, "redis", "", redisRemedy, launchRedis(nil))
}

// RedisWith is [Redis] with these arguments besides, such as "--requirepass". The
// server is the test's own.
func RedisWith(t testing.TB, args ...string) string {
	t.Helper()
	return ownServer(t, "redis", "", redisRemedy, launchRedis(args))
}

const redisRemedy = "apt-get install redis-server"

func launchRedis(args []string) func(p *process, port string) error {
	return func(p *process, port string) error {
		server, err := find("redis-server")
		if err != nil {
			return err
		}
		all := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", p.dir}, args...)
		return p.launch("KILL", server, all...)
	}
}

// Sentinel is the host:port of a Redis Sentinel that watches the server at the address
// under that name, and ends with the test.
func Sentinel(t testing.TB, name, address string) string {
	t.Helper()
	host, watched := split(t, address)
	return ownServer(t, "sentinel", "", redisRemedy, func(p *process, port string) error {
		server, err := find("redis-server")
		if err != nil {
			return err
		}
		config := filepath.Join(p.dir, "sentinel.conf")
		text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor %s %s %s 1\n", port, p.dir, name, host, watched)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return err
		}
		return p.launch("KILL", server, config, "--sentinel")
	})
}

// Memcached is the host:port of an empty Memcached server of 64 MB that ends
// with the test.
func Memcached(t testing.TB) string {
	t.Helper()
	return cache(t, EnvMemcached, "memcached", "nobody", "apt-get install memcached", func(p *process, port string) error {
		server, err := find("memcached")
		if err != nil {
			return err
		}
		return p.launch("KILL", server, "-l", "127.0.0.1", "-p", port, "-U", "0", "-m", "64")
	})
}

// cache returns the address in the environment variable, or that of a server of
// the test's own.
func cache(t testing.TB, env, kind, username, remedy string, launch func(*process, string) error) string {
	t.Helper()
	if given := os.Getenv(env); given != "" {
		if _, _, err := net.SplitHostPort(given); err != nil {
			t.Fatalf("testenv: %s: %v", env, err)
		}
		return given
	}
	return ownServer(t, kind, username, remedy, launch)
}

// ownServer starts a server of the test's own and returns its address. It skips or fails
// the test where the program is not to be had.
func ownServer(t testing.TB, kind, username, remedy string, launch func(*process, string) error) string {
	t.Helper()
	var err error
	for range attempts {
		var p *process
		var address string
		if p, address, err = startCache(kind, username, launch); err == nil {
			t.Cleanup(func() { p.stop() }) // its status is the signal's
			return address
		}
	}
	if errors.Is(err, errAbsent) {
		absent(t, err, remedy)
	}
	t.Fatalf("testenv: %s: %v", kind, err)
	return ""
}

// split is an address in its two parts.
func split(t testing.TB, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatalf("testenv: %v", err)
	}
	return host, port
}

func startCache(kind, username string, launch func(*process, string) error) (*process, string, error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	p, err := newProcess(kind, username)
	if err != nil {
		return nil, "", err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	if err = launch(p, port); err == nil {
		err = p.answering(address)
	}
	if err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	return p, address, nil
}
