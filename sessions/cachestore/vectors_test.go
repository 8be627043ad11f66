package cachestore_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

const listed = "listed: "

// record is a record of the topic cache_sessions.
type record struct {
	Alias, Client string
	JSON          string
	SessionKey    string `json:"session_key"`
	RedisKey      string `json:"redis_key"`
	McKey         string `json:"mc_key"`
	Flags         int
	RawB64        string `json:"raw_b64"`
	TTL           *int64
	Exists        bool
	SetExpiry     string `json:"set_expiry"`
	Timeout       *float64
	Back          string
	Error         json.RawMessage
	Cache         string
	DefaultKey    string `json:"default_key"`
	PickleHighest int    `json:"pickle_highest"`
}

var keysOf = map[string]cachestore.Keys{"redis": {}, "redis_pfx": {Prefix: "site1", Version: 7}, "pymc": {}, "pylib": {Prefix: "pl"}}

func (r *record) raw(t *testing.T) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(r.RawB64)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func newStore(t *testing.T, keys cachestore.Keys) (*cachestore.Store, *fake) {
	t.Helper()
	cache := &fake{values: map[string]string{}}
	s, err := cachestore.New(cachestore.Config{Cache: cache, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return s, cache
}

var checks = map[string]func(*testing.T, *record) string{
	"pickle": func(*testing.T, *record) string { return listed + "tested in package pickle" },
	"filebased_cache": func(*testing.T, *record) string {
		return listed + "Django's FileBasedCache holds no sessions that two machines share; there is no cache for it"
	},
	"prefixes": func(t *testing.T, r *record) string {
		name, err := cachestore.Keys{}.Make("x")
		return differ(t, err, cachestore.KeyPrefix, r.Cache, name, r.DefaultKey, fmt.Sprint(sessions.PickleProtocol), fmt.Sprint(r.PickleHighest))
	},
	"redis":     func(t *testing.T, r *record) string { return stored(t, r, keysOf[r.Alias], r.RedisKey) },
	"memcached": checkMemcached,
	"redis_value": func(t *testing.T, r *record) string {
		s, cache := newStore(t, cachestore.Keys{})
		key := sessions.NewKey()
		cache.values[":1:"+cachestore.KeyPrefix+key] = r.raw(t)
		got, err := s.Load(t.Context(), key)
		if r.Back == "None" {
			return differ(t, nil, fmt.Sprint(errors.Is(err, sessions.ErrNotFound)), "true")
		}
		return differ(t, err, fmt.Sprint(got.Corrupt != nil), "true")
	},
	"redis_timeout":     checkTimeout,
	"redis_session_ttl": checkTTL,
}

// stored reads what Django stored under its name, and stores the same again.
func stored(t *testing.T, r *record, keys cachestore.Keys, name string) string {
	s, cache := newStore(t, keys)
	cache.values[name] = r.raw(t)
	got, err := s.Load(t.Context(), r.SessionKey)
	if err != nil {
		return err.Error()
	}
	wrong := differ(t, errors.Join(got.Corrupt, got.ReadOnly), got.Data.JSON(), r.JSON)
	got.Expires = time.Now().Add(sessions.DefaultCookieAge)
	delete(cache.values, name)
	wrong += differ(t, s.Create(t.Context(), r.SessionKey, got), fmt.Sprint(cache.values[name] == got.Version), "true")
	if r.TTL != nil {
		wrong += checkLifetime(t, r, cache)
	}
	return wrong
}

// checkLifetime stores the record's session with the end that it has itself.
func checkLifetime(t *testing.T, r *record, cache *fake) string {
	data, err := sessions.ParseData(r.JSON)
	if err != nil {
		return err.Error()
	}
	if text, own := data.Text("_session_expiry"); own {
		return "" // a date, which was in the future then
	} else if text != "" {
		return text
	}
	expires, err := data.Expiry(time.Now(), sessions.DefaultCookieAge, nil)
	if err != nil {
		return err.Error()
	}
	s, err := cachestore.New(cachestore.Config{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Create(t.Context(), sessions.NewKey(), &sessions.Record{Data: data, Expires: expires})
	return differ(t, err, fmt.Sprint(int64(cache.lifetime/time.Second)), fmt.Sprint(*r.TTL))
}

func checkMemcached(t *testing.T, r *record) string {
	if r.Error != nil {
		return listed + "Django 3.2 failed to write it"
	}
	if r.Flags != 1 {
		return fmt.Sprintf("flags %d", r.Flags) // memcached's own tests hold that 1 alone is read
	}
	return stored(t, r, keysOf[r.Client], r.McKey)
}

func checkTimeout(t *testing.T, r *record) string {
	if r.Timeout == nil {
		return listed + "a session always has an end"
	}
	s, cache := newStore(t, cachestore.Keys{})
	err := s.Create(t.Context(), sessions.NewKey(), &sessions.Record{Expires: time.Now().Add(time.Duration(*r.Timeout * float64(time.Second)))})
	wrong := differ(t, err, fmt.Sprint(len(cache.values) == 1), fmt.Sprint(r.Exists))
	if r.Exists {
		wrong += differ(t, nil, fmt.Sprint(int64(cache.lifetime/time.Second)), fmt.Sprint(*r.TTL))
	}
	return wrong
}

func checkTTL(t *testing.T, r *record) string {
	s, cache := newStore(t, cachestore.Keys{})
	e, err := sessions.New(sessions.Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	session := e.Session("")
	switch {
	case strings.Contains(r.SetExpiry, "timedelta"):
		err = session.SetExpiryDate(t.Context(), time.Now().Add(time.Hour))
		*r.TTL++ // Django rounds down what passed since; here that is nothing
	case r.SetExpiry != "None":
		var n time.Duration
		fmt.Sscan(r.SetExpiry, &n)
		err = session.SetExpiryAge(t.Context(), n*time.Second)
	}
	if err := errors.Join(err, session.Save(t.Context())); err != nil {
		return err.Error()
	}
	wrong := differ(t, nil, fmt.Sprint(len(cache.values) == 1), fmt.Sprint(r.Exists))
	if r.Exists {
		wrong += differ(t, nil, fmt.Sprint(int64(cache.lifetime/time.Second)), fmt.Sprint(*r.TTL))
	}
	return wrong
}

func differ(t *testing.T, err error, pairs ...string) string {
	t.Helper()
	var wrong strings.Builder
	if err != nil {
		fmt.Fprintf(&wrong, "error %v; ", err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			fmt.Fprintf(&wrong, "got %.300q, want %.300q; ", pairs[i], pairs[i+1])
		}
	}
	return wrong.String()
}

func TestVectors(t *testing.T) {
	agreed := map[string]int{}
	for _, v := range vectors.Load(t, "cache_sessions") {
		check := checks[v.Kind()]
		if check == nil {
			t.Errorf("%v: no check for this kind", v)
			continue
		}
		r := &record{}
		v.DecodeAll(t, r)
		var wrong string
		synctest.Test(t, func(t *testing.T) { wrong = check(t, r) })
		switch {
		case wrong == "":
			agreed[v.Kind()]++
		case strings.HasPrefix(wrong, listed):
			t.Logf("%v does not apply: %s", v, strings.TrimPrefix(wrong, listed))
		default:
			t.Errorf("%v: %s\n%.600s", v, wrong, v.JSON)
		}
	}
	t.Logf("agreed: %v", agreed)
}

func TestNewRefuses(t *testing.T) {
	cache := &fake{}
	for name, c := range map[string]cachestore.Config{
		"no cache": {}, "protocol": {Cache: cache, PickleProtocol: 2}, "prefix": {Cache: cache, Keys: cachestore.Keys{Prefix: "a b"}},
		"long prefix": {Cache: cache, Keys: cachestore.Keys{Prefix: strings.Repeat("x", 200)}},
	} {
		if _, err := cachestore.New(c); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// TestKeysReachNoOther: whatever a cookie holds, only keys with the prefix are
// asked for, and none that memcached would misread.
func TestKeysReachNoOther(t *testing.T) {
	s, cache := newStore(t, cachestore.Keys{})
	cache.values["secret12"] = "\x80\x05}."
	cache.values[":1:secret12"] = "\x80\x05}."
	for _, key := range []string{
		"secret12", ":1:secret12", "../:1:secret12", "x\r\nget secret12", "secret12\x00", " secret12", strings.Repeat("x", 251), "\x7f1234567",
	} {
		if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
			t.Errorf("%q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	if len(cache.values) != 2 {
		t.Errorf("left: %v", cache.values)
	}
	for _, key := range []string{"x\r\nset a", strings.Repeat("x", 251)} {
		if err := s.Create(t.Context(), key, &sessions.Record{Expires: time.Now().Add(time.Hour)}); !errors.Is(err, cachestore.ErrKey) {
			t.Errorf("create under %.20q: %v", key, err)
		}
	}
}
