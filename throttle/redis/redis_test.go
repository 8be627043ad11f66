package redis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/throttle/redis"
	"github.com/coatcheck/coatcheck/throttle/throttletest"
)

func open(t *testing.T, c redis.Config) *redis.Store {
	t.Helper()
	c.Timeout = time.Minute // of a machine under load
	s, err := redis.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestStore(t *testing.T) {
	c := redis.Config{URL: "redis://" + testenv.Redis(t) + "/1"}
	one, two := open(t, c), open(t, c)
	throttletest.TestStore(t, func(*testing.T) []throttle.Store { return []throttle.Store{one, two} })
}

// TestKeysEnd: a key holds a time and no name, and ends when it means nothing any
// more.
func TestKeysEnd(t *testing.T) {
	address := testenv.Redis(t)
	s, name := open(t, redis.Config{URL: "redis://" + address}), throttle.NewNames("key").Name("account", "anna")
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	limit := throttle.Limit{Burst: 3, Every: time.Minute}
	for range 2 {
		if wait, err := s.Take(t.Context(), name, limit); wait != 0 || err != nil {
			t.Fatal(wait, err)
		}
	}
	key := "coatcheck:throttle:{" + name + "}"
	left, err := client.Do(t.Context(), client.B().Pttl().Key(key).Build()).AsInt64()
	if err != nil || left > 122_000 || left < 60_000 {
		t.Errorf("the key ends in %d ms, %v, want two minutes", left, err)
	}
	for range 2 {
		if err := s.Give(t.Context(), name, limit); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := client.Do(t.Context(), client.B().Exists().Key(key).Build()).AsInt64(); n != 0 || err != nil {
		t.Errorf("a whole budget has a key: %d, %v", n, err)
	}
}

func TestOutage(t *testing.T) {
	if _, err := redis.Open(t.Context(), redis.Config{URL: "redis://user:hunter2@127.0.0.1:1"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no server: %v", err)
	}
	s := open(t, redis.Config{URL: "redis://" + testenv.Redis(t)})
	s.Close()
	if wait, err := s.Take(t.Context(), "name", throttle.Limit{Burst: 1, Every: time.Minute}); err == nil {
		t.Errorf("a store that failed answered %v", wait)
	}
}
