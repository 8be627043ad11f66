package cacheddb_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/memcached"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

func newStore(t *testing.T, c cacheddb.Config) *cacheddb.Store {
	t.Helper()
	s, err := cacheddb.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rows(t *testing.T) sessions.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "a key for these tests"}})
	if err != nil {
		t.Fatal(err)
	}
	return dbstore.New(db, codec)
}

// suite runs sessionstest over SQLite and a cache, both ways of reading.
func suite(t *testing.T, cache cachestore.Cache) {
	t.Helper()
	for name, readRows := range map[string]bool{"copies": false, "rows": true} {
		t.Run(name, func(t *testing.T) {
			sessionstest.TestStore(t, func(t *testing.T) sessions.Store {
				return newStore(t, cacheddb.Config{Rows: rows(t), Cache: cache, ReadRows: readRows})
			})
		})
	}
}

// patience is for a machine under load.
const patience = time.Minute

func TestRedis(t *testing.T) {
	cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + testenv.Redis(t), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	suite(t, cache)
}

func TestMemcached(t *testing.T) {
	cache, err := memcached.Open(t.Context(), memcached.Config{Servers: []string{testenv.Memcached(t)}, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cache.Close() })
	suite(t, cache)
}

func TestMemory(t *testing.T) { suite(t, newMemory()) }

const key = "keykeykeykeykeykeykeykeykeykeyke"

// rig is a store over memory, with one session in row and cache.
type rig struct {
	*cacheddb.Store
	rows  *sessionstest.Memory
	cache *memory
}

func newRig(t *testing.T, text string) *rig {
	t.Helper()
	r := &rig{rows: sessionstest.NewMemory(), cache: newMemory()}
	r.Store = newStore(t, cacheddb.Config{Rows: r.rows, Cache: r.cache})
	r.rows.Put(key, text)
	r.load(t)
	r.rows.Log()
	return r
}

func (r *rig) load(t *testing.T) *sessions.Record {
	t.Helper()
	record, err := r.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestHitReadsNoRow(t *testing.T) {
	r := newRig(t, `{"a":1}`)
	if got := r.load(t).Data.JSON(); got != `{"a":1}` {
		t.Error(got)
	}
	if log := r.rows.Log(); len(log) != 0 {
		t.Errorf("rows were asked: %v", log)
	}
}

func TestSaveReplacesTheCopy(t *testing.T) {
	r := newRig(t, `{"a":1}`)
	record := r.load(t)
	if err := record.Data.Set("b", "2"); err != nil {
		t.Fatal(err)
	}
	if err := r.Update(t.Context(), key, record); err != nil {
		t.Fatal(err)
	}
	if row, copied := r.rows.Sessions()[key], r.cache.copyOf(); row != `{"a":1,"b":2}` || copied != row {
		t.Errorf("row %s, copy %s", row, copied)
	}
}

// TestWrongCopyGoes: a node of Django left a copy that is older than the row.
func TestWrongCopyGoes(t *testing.T) {
	r := newRig(t, `{"a":1}`)
	r.rows.Put(key, `{"a":2}`)
	record := r.load(t)
	if err := r.Update(t.Context(), key, record); !errors.Is(err, sessions.ErrConflict) {
		t.Fatalf("save of what was loaded from it: %v", err)
	}
	if got := r.load(t).Data.JSON(); got != `{"a":2}` {
		t.Errorf("loaded afterwards: %s", got)
	}
}

// TestDeadCopyIsNotSaved: the row is gone, and a node of Django left the copy.
func TestDeadCopyIsNotSaved(t *testing.T) {
	r := newRig(t, `{"_auth_user_id":"1"}`)
	if err := r.rows.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := r.Update(t.Context(), key, r.load(t)); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("save: %v", err)
	}
	if _, err := r.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("load afterwards: %v", err)
	}
}

func TestReadRowsSeesNoDeadCopy(t *testing.T) {
	r := newRig(t, `{"_auth_user_id":"1"}`)
	if err := r.rows.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	mixed := newStore(t, cacheddb.Config{Rows: r.rows, Cache: r.cache, ReadRows: true})
	if _, err := mixed.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
		t.Errorf("%v; the copy is %s", err, r.cache.copyOf())
	}
}

// TestUnusableCopies: whatever is in the cache, the row counts.
func TestUnusableCopies(t *testing.T) {
	for _, value := range []string{"5", "nonsense", "\x80\x05N.", "\x80\x05}\x8c\x01a)s.", "\x80\x05cos\nsystem\n\x8c\x02id\x85R."} {
		r := newRig(t, `{"a":1}`)
		for name := range r.cache.values {
			r.cache.values[name] = cachestore.Entry{Value: value, Expires: time.Now().Add(time.Hour)}
		}
		record := r.load(t)
		if record.Data.JSON() != `{"a":1}` || record.ReadOnly != nil || record.Corrupt != nil {
			t.Errorf("%q: %s", value, record.Data.JSON())
		}
		if err := r.Update(t.Context(), key, record); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestUnknownKeysLeaveNothing(t *testing.T) {
	r := newRig(t, `{}`)
	for range 100 {
		if _, err := r.Load(t.Context(), sessions.NewKey()); !errors.Is(err, sessions.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if n := len(r.cache.values); n != 1 {
		t.Errorf("%d keys in the cache", n)
	}
}

// TestCacheDown: reading goes on, and whatever would leave a wrong copy fails.
func TestCacheDown(t *testing.T) {
	down := errors.New("the cache is down")
	r := newRig(t, `{"a":1}`)
	record := r.load(t)
	if err := record.Data.Set("b", "2"); err != nil {
		t.Fatal(err)
	}
	r.cache.hook = func(string) error { return down }
	if got := r.load(t); got.Data.JSON() != `{"a":1}` {
		t.Errorf("load: %s", got.Data.JSON())
	}
	if err := r.Create(t.Context(), sessions.NewKey(), &sessions.Record{Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Errorf("create: %v", err)
	}
	if err := r.Update(t.Context(), key, record); !errors.Is(err, down) {
		t.Errorf("update: %v", err)
	}
	if err := r.Delete(t.Context(), key); !errors.Is(err, down) {
		t.Errorf("delete: %v", err)
	}
	if got := r.rows.Sessions()[key]; got != `{"a":1}` {
		t.Errorf("the row was touched: %q", got)
	}
}

// TestCacheFailsMidway: at every single operation of a logout or a save the
// cache fails. Either it is as before, or the error is told, and in no case does
// a live copy of a dead row stay behind, or an old one of a new row.
func TestCacheFailsMidway(t *testing.T) {
	for at := 1; at <= 4; at++ {
		r := newRig(t, `{"_auth_user_id":"1"}`)
		record := r.load(t)
		n := 0
		fail := func(string) error {
			if n++; n == at {
				return errors.New("the cache is down")
			}
			return nil
		}
		r.cache.hook = fail
		deleteErr := r.Delete(t.Context(), key)
		r.cache.hook = nil
		_, alive := r.rows.Sessions()[key]
		if copied := r.cache.copyOf(); !alive && copied != "" || deleteErr == nil && alive {
			t.Errorf("logout, failure %d: row %t, copy %q, %v", at, alive, copied, deleteErr)
		}
		r.rows.Put(key, `{"_auth_user_id":"1"}`)
		r.load(t)
		if err := record.Data.Set("b", "2"); err != nil {
			t.Fatal(err)
		}
		n, r.cache.hook = 0, fail
		updateErr := r.Update(t.Context(), key, record)
		r.cache.hook = nil
		if row, copied := r.rows.Sessions()[key], r.cache.copyOf(); copied != "" && copied != row {
			t.Errorf("save, failure %d: row %s, copy %s, %v", at, row, copied, updateErr)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	store := sessionstest.NewMemory()
	for name, c := range map[string]cacheddb.Config{
		"nothing": {}, "no rows": {Cache: newMemory()}, "no cache": {Rows: store},
		"protocol": {Rows: store, Cache: newMemory(), PickleProtocol: 1},
		"prefix":   {Rows: store, Cache: newMemory(), Keys: cachestore.Keys{Prefix: strings.Repeat("x", 250)}},
	} {
		if _, err := cacheddb.New(c); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// TestUnreadableRowIsWrittenAnew: the key that signed the row is gone, and the
// copy is what everybody reads.
func TestUnreadableRowIsWrittenAnew(t *testing.T) {
	r := newRig(t, `{"a":1}`)
	r.rows.Put(key, "no data that anybody could read")
	record := r.load(t)
	if err := record.Data.Set("b", "2"); err != nil {
		t.Fatal(err)
	}
	if err := r.Update(t.Context(), key, record); err != nil {
		t.Fatal(err)
	}
	if row, copied := r.rows.Sessions()[key], r.cache.copyOf(); row != `{"a":1,"b":2}` || copied != row {
		t.Errorf("row %s, copy %s", row, copied)
	}
}
