package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// patience is for a machine under load.
const patience = time.Minute

func open(t *testing.T, c redis.Config) *redis.Cache {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	cache, err := redis.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	return cache
}

func newStore(t *testing.T, c cachestore.Config) *cachestore.Store {
	t.Helper()
	store, err := cachestore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// raw is a client to look past the store.
func raw(t *testing.T, address string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestStore(t *testing.T) {
	cache := open(t, redis.Config{URL: "redis://" + testenv.Redis(t) + "/1"})
	sessionstest.TestStore(t, func(t *testing.T) sessions.Store { return newStore(t, cachestore.Config{Cache: cache}) })
}

func data(t *testing.T, text string) sessions.Data {
	t.Helper()
	d, err := sessions.ParseData(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func create(t *testing.T, s sessions.Store, text string, lifetime time.Duration) (string, *sessions.Record) {
	t.Helper()
	key, r := sessions.NewKey(), &sessions.Record{Data: data(t, text), Expires: time.Now().Add(lifetime)}
	if err := s.Create(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
	return key, r
}

func TestKeyValueAndLifetime(t *testing.T) {
	address := testenv.Redis(t)
	cache, client := open(t, redis.Config{URL: "redis://" + address}), raw(t, address)
	for _, tt := range []struct {
		config cachestore.Config
		prefix string
		first  string
	}{
		{cachestore.Config{Cache: cache}, ":1:", "\x80\x05"},
		{cachestore.Config{Cache: cache, Keys: cachestore.Keys{Prefix: "site1", Version: 7}, PickleProtocol: 4}, "site1:7:", "\x80\x04"},
	} {
		key, record := create(t, newStore(t, tt.config), `{"a":1}`, sessions.DefaultCookieAge)
		name := tt.prefix + "django.contrib.sessions.cache" + key
		value, err := client.Do(t.Context(), client.B().Get().Key(name).Build()).ToString()
		if err != nil || !strings.HasPrefix(value, tt.first) || value != record.Version {
			t.Errorf("%s holds %q, %v", name, value, err)
		}
		if ttl, err := client.Do(t.Context(), client.B().Ttl().Key(name).Build()).AsInt64(); err != nil || ttl != 1209600 {
			t.Errorf("lifetime %d, %v; want two weeks", ttl, err)
		}
	}
}

// TestExpired: Django's set and add with a timeout of 0 or less leave nothing.
func TestExpired(t *testing.T) {
	store := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: "redis://" + testenv.Redis(t)})})
	key, _ := create(t, store, `{"a":1}`, -time.Minute)
	if _, err := store.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("created in the past: %v", err)
	}
	key, record := create(t, store, `{"a":1}`, time.Minute)
	record.Expires = time.Now().Add(-time.Second)
	if err := store.Update(t.Context(), key, record); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("updated to the past: %v", err)
	}
}

func TestStrangeValues(t *testing.T) {
	address := testenv.Redis(t)
	store, client := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: "redis://" + address})}), raw(t, address)
	name := func(key string) string { return ":1:django.contrib.sessions.cache" + key }
	for value, want := range map[string]string{
		"5": "corrupt", "-17": "corrupt", "True": "corrupt", "": "none", "\x80\x05N.": "none", "\x80\x05K\x01.": "corrupt",
		"\x80\x05}\x8c\x01a)s.": "read-only", "\x80\x05cos\nsystem\n\x8c\x02id\x85R.": "corrupt", strings.Repeat("x", 5<<20): "corrupt",
	} {
		key := sessions.NewKey()
		if err := client.Do(t.Context(), client.B().Set().Key(name(key)).Value(value).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		r, err := store.Load(t.Context(), key)
		got := fmt.Sprint(err)
		switch {
		case errors.Is(err, sessions.ErrNotFound):
			got = "none"
		case err == nil && r.Corrupt != nil:
			got = "corrupt"
		case err == nil && r.ReadOnly != nil:
			got = "read-only"
		}
		if got != want {
			t.Errorf("%.20q: %s, want %s", value, got, want)
		}
	}
	key := sessions.NewKey()
	if err := client.Do(t.Context(), client.B().Rpush().Key(name(key)).Element("x").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("a list under the key: %v", err)
	}
	if _, err := store.Load(t.Context(), strings.Repeat("x", 300)); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("a key that is too long: %v", err)
	}
}

// TestScriptIsLoadedAgain: a server that restarts knows no scripts.
func TestScriptIsLoadedAgain(t *testing.T) {
	address := testenv.Redis(t)
	store, client := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: "redis://" + address})}), raw(t, address)
	key, record := create(t, store, `{"a":1}`, time.Hour)
	for range 2 {
		if err := client.Do(t.Context(), client.B().ScriptFlush().Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if err := store.Update(t.Context(), key, record); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogoutBetweenReadAndWrite is R3: the save is in flight, its session read,
// when the logout comes.
func TestLogoutBetweenReadAndWrite(t *testing.T) {
	store := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: "redis://" + testenv.Redis(t)})})
	e, err := sessions.New(sessions.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		key, _ := create(t, store, `{"_auth_user_id":"1"}`, time.Hour)
		slow := e.Session(key)
		if err := slow.Set(t.Context(), "cart", 1); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := slow.Save(t.Context()); err != nil && !errors.Is(err, sessions.ErrInterrupted) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := e.Session(key).Flush(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if _, err := store.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Fatalf("after the logout: %v", err)
		}
	}
}

// TestOutage: a server that hangs, or is not there, is an error, soon,
// and never a session that is not there.
func TestOutage(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	target := testenv.Redis(t)
	proxy := newProxy(t, target)
	store := newStore(t, cachestore.Config{Cache: open(t, redis.Config{
		URL: "redis://" + proxy.address, Timeout: 300 * time.Millisecond, DialTimeout: 300 * time.Millisecond,
	})})
	key, record := create(t, store, `{"a":1}`, time.Hour)
	for _, to := range []string{silent.Addr().String(), "127.0.0.1:1"} {
		proxy.switchTo(to)
		for name, f := range map[string]func(context.Context) error{
			"load":   func(ctx context.Context) error { _, err := store.Load(ctx, key); return err },
			"create": func(ctx context.Context) error { return store.Create(ctx, sessions.NewKey(), record) },
			"update": func(ctx context.Context) error { return store.Update(ctx, key, record) },
			"delete": func(ctx context.Context) error { return store.Delete(ctx, key) },
		} {
			began := time.Now()
			err := f(t.Context())
			if err == nil || errors.Is(err, sessions.ErrNotFound) || errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrExists) {
				t.Errorf("%s during an outage: %v", name, err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("%s: the error shows the session key: %v", name, err)
			}
		}
	}
	proxy.switchTo(target)
	deadline := time.Now().Add(10 * time.Second)
	for {
		r, err := store.Load(t.Context(), key)
		if err == nil && r.Data.JSON() == `{"a":1}` {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the outage: %v, %v", r, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]redis.Config{
		"scheme":  {URL: "http://user:secret@127.0.0.1:6379"},
		"nothing": {},
		"both":    {URL: "redis://127.0.0.1:6379", Cluster: true, Sentinel: "mymaster"},
		"nobody":  {URL: "redis://user:secret@127.0.0.1:1", DialTimeout: 100 * time.Millisecond},
		"not URL": {URL: "redis://user:secret@127.0.0.1:6379/%zz"},
	} {
		_, err := redis.Open(t.Context(), c)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", redis.Config{URL: "redis://user:secret@h"}, redis.Config{URL: "redis://user:secret@h"},
		redis.Config{URL: "redis://user:secret@h"}); strings.Contains(text, "secret") {
		t.Error(text)
	}
}

func TestUnixSocketAndPassword(t *testing.T) {
	socket := startRedis(t, "--requirepass", "s3cret")
	store := newStore(t, cachestore.Config{Cache: open(t, redis.Config{URL: "unix://default:s3cret@" + socket.path + "?db=2"})})
	key, _ := create(t, store, `{"a":1}`, time.Hour)
	if _, err := store.Load(t.Context(), key); err != nil {
		t.Error(err)
	}
	if _, err := redis.Open(t.Context(), redis.Config{URL: "unix://default:wrong@" + socket.path}); err == nil || strings.Contains(err.Error(), "wrong@") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// proxy forwards connections, and cuts them when its target changes.
type proxy struct {
	address string
	mu      sync.Mutex // guards what follows
	target  string
	conns   []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{address: l.Addr().String(), target: target}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.serve(conn)
		}
	}()
	t.Cleanup(func() { p.switchTo("") })
	return p
}

func (p *proxy) serve(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		conn.Close()
		return
	}
	p.conns = append(p.conns, conn, to)
	for _, pair := range [][2]net.Conn{{conn, to}, {to, conn}} {
		go func() {
			buffer := make([]byte, 32<<10)
			for {
				n, err := pair[0].Read(buffer)
				if _, werr := pair[1].Write(buffer[:n]); err != nil || werr != nil {
					pair[0].Close()
					pair[1].Close()
					return
				}
			}
		}()
	}
}

func (p *proxy) switchTo(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}
