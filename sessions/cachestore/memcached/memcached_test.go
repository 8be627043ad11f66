package memcached_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/memcached"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// patience is for a machine under load.
const patience = time.Minute

func store(t *testing.T, servers ...string) *cachestore.Store {
	t.Helper()
	return within(t, patience, servers...)
}

func within(t *testing.T, timeout time.Duration, servers ...string) *cachestore.Store {
	t.Helper()
	cache, err := memcached.Open(t.Context(), memcached.Config{Servers: servers, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cache.Close() })
	s, err := cachestore.New(cachestore.Config{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	s := store(t, testenv.Memcached(t))
	sessionstest.TestStore(t, func(*testing.T) sessions.Store { return s })
}

func TestStoreOnTwoServers(t *testing.T) {
	s := store(t, testenv.Memcached(t), testenv.Memcached(t))
	sessionstest.TestStore(t, func(*testing.T) sessions.Store { return s })
}

func create(t *testing.T, s sessions.Store, text string, lifetime time.Duration) (string, *sessions.Record, error) {
	t.Helper()
	data, err := sessions.ParseData(text)
	if err != nil {
		t.Fatal(err)
	}
	key, r := sessions.NewKey(), &sessions.Record{Data: data, Expires: time.Now().Add(lifetime)}
	return key, r, s.Create(t.Context(), key, r)
}

// ask speaks the text protocol, to look past the store.
func ask(t *testing.T, address, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, command+"\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

const prefix = ":1:django.contrib.sessions.cache"

func TestLongLifetimes(t *testing.T) {
	address := testenv.Memcached(t)
	s := store(t, address)
	for _, lifetime := range []time.Duration{29 * 24 * time.Hour, 31 * 24 * time.Hour, 400 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		key, _, err := create(t, s, `{"a":1}`, lifetime)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), key); err != nil {
			t.Errorf("stored for %v: %v", lifetime, err)
		}
		var left int64
		if _, err := fmt.Sscanf(ask(t, address, "mg "+prefix+key+" t"), "HD t%d", &left); err != nil {
			t.Fatal(err)
		}
		if want := int64(lifetime / time.Second); want < 1<<30 && (left < want-5 || left > want+1) {
			t.Errorf("stored for %v, which became %d seconds", lifetime, left)
		}
	}
}

func TestOtherFlagsAreNoSessions(t *testing.T) {
	address := testenv.Memcached(t)
	s := store(t, address)
	for i, flags := range []int{0, 2, 4, 8, 9, 16} {
		key := fmt.Sprintf("strange%025d", i)
		if got := ask(t, address, fmt.Sprintf("set %s%s %d 60 4\r\n\x80\x05}.", prefix, key, flags)); got != "STORED" {
			t.Fatal(got)
		}
		if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("flags %d: %v", flags, err)
		}
	}
	key := strings.Repeat("k", 32)
	if got := ask(t, address, "set "+prefix+key+" 1 60 2\r\n17"); got != "STORED" {
		t.Fatal(got)
	}
	if r, err := s.Load(t.Context(), key); err != nil || r.Corrupt == nil {
		t.Errorf("a value that is no pickle: %v, %v", r, err)
	}
}

func TestTooLarge(t *testing.T) {
	s := store(t, testenv.Memcached(t))
	text := `{"a":"` + strings.Repeat("x", 2<<20) + `"}`
	if _, _, err := create(t, s, text, time.Hour); !errors.Is(err, sessions.ErrTooLarge) {
		t.Errorf("create: %v", err)
	}
	key, r, err := create(t, s, `{"_auth_user_id":"1"}`, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if r.Data, err = sessions.ParseData(text); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), key, r); !errors.Is(err, sessions.ErrTooLarge) {
		t.Errorf("update: %v", err)
	}
	if r, err := s.Load(t.Context(), key); err != nil || r.Data.Len() != 1 {
		t.Errorf("afterwards: %v, %v", r, err)
	}
}

// TestLogoutBetweenReadAndWrite is R3.
func TestLogoutBetweenReadAndWrite(t *testing.T) {
	s := store(t, testenv.Memcached(t))
	e, err := sessions.New(sessions.Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		key, _, err := create(t, s, `{"_auth_user_id":"1"}`, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
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
		if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Fatalf("after the logout: %v", err)
		}
	}
}

// hostile is a server that replies to every line with the same.
func hostile(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if lines.Text() == "version" {
						fmt.Fprint(conn, "VERSION 1\r\n")
						continue
					}
					fmt.Fprint(conn, answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestOutage: a server that fails, or talks nonsense, is an error and never a
// session that is not there.
func TestOutage(t *testing.T) {
	for _, answer := range []string{"", "ERROR\r\n", "SERVER_ERROR out of memory storing object\r\n", "nonsense\r\n", "VALUE x\r\n", "VALUE a 1 9 1\r\nshort\r\nEND\r\n"} {
		s := within(t, 500*time.Millisecond, hostile(t, answer))
		began := time.Now()
		_, loadErr := s.Load(t.Context(), sessions.NewKey())
		_, r, createErr := create(t, s, `{"a":1}`, time.Hour)
		updateErr, deleteErr := s.Update(t.Context(), sessions.NewKey(), r), s.Delete(t.Context(), sessions.NewKey())
		for _, err := range []error{loadErr, createErr, updateErr, deleteErr} {
			if err == nil || errors.Is(err, sessions.ErrNotFound) || errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrExists) {
				t.Errorf("answer %q: %v", answer, err)
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("answer %q took %v", answer, took)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, servers := range [][]string{nil, {""}, {"a b:11211"}, {"unix:"}, {"127.0.0.1:1"}} {
		if _, err := memcached.Open(t.Context(), memcached.Config{Servers: servers, Timeout: 200 * time.Millisecond}); err == nil {
			t.Errorf("%q was opened", servers)
		}
	}
}

// FuzzMemcachedValue: whatever is stored under a key, the session is there, or
// none, or corrupt, and nothing fails or costs much; see sessionstest.Hostile.
func FuzzMemcachedValue(f *testing.F) {
	cache := &oneValue{}
	s, err := cachestore.New(cachestore.Config{Cache: cache})
	if err != nil {
		f.Fatal(err)
	}
	for _, value := range []string{"", "5", "\x80\x05N.", "\x80\x05}.", "\x80\x05}\x8c\x01a)s.", "\x80\x05}\x8c\x01a]q\x00h\x00as.", "\x80\x05}\x8c\x0d_auth_user_id\x8c\x011s.", "\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s."} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		cache.value = value
		r, err := s.Load(t.Context(), sessions.NewKey())
		switch {
		case errors.Is(err, sessions.ErrNotFound):
		case err != nil:
			t.Fatal(err)
		case r.Corrupt != nil && r.Data.Len() > 0:
			t.Fatal("a corrupt session holds something")
		case r.Corrupt == nil && r.ReadOnly == nil:
			if _, err := r.Data.Pickle(sessions.PickleProtocol); err != nil && !errors.Is(err, sessions.ErrTooLarge) {
				t.Fatal(err)
			}
		}
		if user := sessionstest.Hostile(t, s, sessions.NewKey()); user != "" && (err != nil || r.Corrupt != nil) {
			t.Fatal("what is no session names a user")
		}
	})
}
