package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/memcached"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/filestore"
	"github.com/coatcheck/coatcheck/signing"
)

// walkIterations is the cost of the walks' passwords.
const walkIterations = 100

// walkCache is the cache of an engine; its zero value is none.
type walkCache struct{ redis, memcached, prefix string }

// settings are Django's of that cache.
func (c walkCache) settings() []string {
	return []string{"REDIS=" + c.redis, "MEMCACHED=" + c.memcached, "CACHE_PREFIX=" + c.prefix}
}

func (c walkCache) open(t *testing.T) cachestore.Cache {
	t.Helper()
	if c.redis != "" {
		cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + c.redis})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cache.Close)
		return cache
	}
	cache, err := memcached.Open(t.Context(), memcached.Config{Servers: []string{c.memcached}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cache.Close() })
	return cache
}

// walkOwn is Coatcheck's side of a walk. Its keys can change, as by a restart.
type walkOwn struct {
	t       *testing.T
	p       pairing
	db      *database.DB
	cache   cachestore.Cache
	prefix  string         // of the cache's keys
	dir     string         // of the file engine
	store   sessions.Store // of the present keys
	handler atomic.Pointer[http.Handler]
	base    string
}

func newWalkOwn(t *testing.T, p pairing, cache walkCache, dir string) *walkOwn {
	t.Helper()
	w := &walkOwn{t: t, p: p, db: openDatabase(t, p.db, database.UserModel{}), prefix: cache.prefix, dir: dir}
	if p.cache != "" {
		w.cache = cache.open(t)
	}
	w.use([]string{secretKey})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.handler.Load()).ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.base = server.URL
	return w
}

// URL is an address of Coatcheck's side.
func (w *walkOwn) URL(path string) string { return w.base + path }

// use starts the site anew with these keys, the first of which signs. It throttles
// nobody, as Django does not.
func (w *walkOwn) use(keys []string) {
	w.t.Helper()
	w.store = w.newStore(keys)
	hashers := []password.Hasher{password.PBKDF2SHA256{Iterations: walkIterations}}
	site, err := coatcheck.New(coatcheck.Config{
		Database:  w.db,
		Keys:      coatcheck.Keys{Secret: keys[0], Fallbacks: keys[1:]},
		Site:      coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Passwords: coatcheck.PasswordOptions{Hashing: password.Config{Hashers: hashers}},
		Sessions:  sessions.Config{Store: w.store},
		Logins:    coatcheck.LoginOptions{ThrottleOff: true},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	o := &own{site: site}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /twin/whoami/", view(o.whoami))
	mux.Handle("POST /twin/session/", view(o.setSession))
	mux.Handle("POST /twin/password/", view(o.changePassword))
	mux.Handle("POST /twin/expiry/", view(setExpiry))
	mux.Handle("POST /twin/flush/", view(func(r *http.Request, _ fields) (fields, error) {
		return onSession(r, "Flushed", (*sessions.Session).Flush)
	}))
	mux.Handle("POST /twin/cycle/", view(func(r *http.Request, _ fields) (fields, error) {
		return onSession(r, "Cycled", (*sessions.Session).CycleKey)
	}))
	mux.Handle("POST /twin/active/", view(o.setActive))
	mux.Handle("POST /twin/answer/", http.HandlerFunc(answer))
	handler := site.Handler(mux)
	w.handler.Store(&handler)
}

func (w *walkOwn) newStore(keys []string) sessions.Store {
	w.t.Helper()
	signing := sessions.CodecConfig{Keys: signing.Keys{Secret: keys[0], Fallbacks: keys[1:]}}
	codec, err := sessions.NewCodec(signing)
	must(w.t, err)
	var store sessions.Store = dbstore.New(w.db, codec)
	inCache := cachestore.Keys{Prefix: w.prefix}
	switch w.p.engine {
	case "cached_db":
		store, err = cacheddb.New(cacheddb.Config{Rows: store, Cache: w.cache, Keys: inCache, Logger: slog.New(slog.DiscardHandler)})
	case "cache":
		store, err = cachestore.New(cachestore.Config{Cache: w.cache, Keys: inCache})
	case "file":
		store, err = filestore.New(filestore.Config{Codec: codec, Dir: w.dir})
	case "signed_cookies":
		store, err = cookiestore.NewIrrevocable(cookiestore.Config{Signing: signing})
	}
	must(w.t, err)
	return store
}

func onSession(r *http.Request, message string, f func(*sessions.Session, context.Context) error) (fields, error) {
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		return nil, err
	}
	return fields{"message": message}, f(session, r.Context())
}

func setExpiry(r *http.Request, sent fields) (fields, error) {
	return onSession(r, "Expiry changed", func(s *sessions.Session, ctx context.Context) error {
		switch expiry := sent["expiry"].(type) {
		case float64:
			if expiry < 0 { // Django takes it for a session that has ended
				return s.Set(ctx, "_session_expiry", int(expiry))
			}
			return s.SetExpiryAge(ctx, time.Duration(expiry)*time.Second)
		case string:
			at, err := time.Parse(time.RFC3339, expiry)
			if err != nil {
				return err
			}
			return s.SetExpiryDate(ctx, at)
		}
		return s.ClearExpiry(ctx)
	})
}

func (o *own) setActive(r *http.Request, sent fields) (fields, error) {
	user, err := o.site.Auth.UserByUsername(r.Context(), sent["username"].(string))
	if err != nil {
		return fields{"message": "Changed"}, nil // of nobody
	}
	user.IsActive = sent["active"].(bool)
	return fields{"message": "Changed"}, o.site.Database.UpdateUser(r.Context(), user)
}

// answer counts in the session, and responds with the status that was sent.
func answer(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Status int }
	session, err := sessions.FromContext(r.Context())
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&sent)
	}
	if err == nil {
		err = sessions.Update(r.Context(), session, "answers", func(old int) int { return old + 1 })
	}
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(sent.Status)
	fmt.Fprint(w, `{"message": "Answered"}`)
}

// row is what the store has under a key.
func (w *walkOwn) row(key string) (data string, expires time.Time) {
	if key == "" {
		return "none", time.Time{}
	}
	record, err := w.store.Load(w.t.Context(), key)
	if err != nil {
		return err.Error(), time.Time{}
	}
	if record.Corrupt != nil {
		return "corrupt", record.Expires
	}
	return record.Data.JSON(), record.Expires
}

// exec changes the database behind both sides' back.
func (w *walkOwn) exec(query string, args ...any) {
	w.t.Helper()
	if w.p.db.Engine == "postgresql" {
		for i := range args {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	if _, err := w.db.SQL().ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatal(err)
	}
}
