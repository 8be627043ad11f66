package conformance_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
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
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/filestore"
	"github.com/coatcheck/coatcheck/signing"
)

// engineSite is what a session engine needs, of Django and of ours.
type engineSite struct {
	name   string
	django map[string]any // see testdata/engines.py
	store  sessions.Store
	since  string // the first Django that has it
	pickle bool   // it keeps Python objects
	cookie bool   // it keeps nothing
}

func redisCache(address string) map[string]any {
	return map[string]any{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://" + address + "/1", "KEY_PREFIX": "shop", "VERSION": 3}
}

// engineSites are fresh sites, one of each engine.
func engineSites(t *testing.T) []engineSite {
	t.Helper()
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	must(t, err)
	keys, address := cachestore.Keys{Prefix: "shop", Version: 3}, testenv.Redis(t)
	inRedis, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + address + "/1", Timeout: time.Minute})
	must(t, err)
	t.Cleanup(inRedis.Close)
	servers := []string{testenv.Memcached(t), testenv.Memcached(t)}
	inMemcached, err := memcached.Open(t.Context(), memcached.Config{Servers: servers, Timeout: time.Minute})
	must(t, err)
	t.Cleanup(func() { inMemcached.Close() })
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "site.sqlite3")
	db, err := sqlite.Open(t.Context(), file)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })

	cacheStore, err := cachestore.New(cachestore.Config{Cache: inRedis, Keys: keys})
	must(t, err)
	memcacheStore, err := cachestore.New(cachestore.Config{Cache: inMemcached})
	must(t, err)
	cachedStore, err := cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec), Cache: inRedis, Keys: keys})
	must(t, err)
	mixedStore, err := cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec), Cache: inRedis, Keys: keys, ReadRows: true})
	must(t, err)
	fileStore, err := filestore.New(filestore.Config{Codec: codec, Dir: dir})
	must(t, err)
	cookieStore, err := cookiestore.NewIrrevocable(cookiestore.Config{Signing: sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}}})
	must(t, err)
	cached := map[string]any{"engine": "cached_db", "cache": redisCache(address), "database": file}
	return []engineSite{
		{name: "db", django: map[string]any{"engine": "db", "database": file}, store: dbstore.New(db, codec)},
		{name: "cache in Redis", django: map[string]any{"engine": "cache", "cache": redisCache(address)}, store: cacheStore, since: "4.0", pickle: true},
		{name: "cache in two memcached", django: map[string]any{"engine": "cache", "cache": map[string]any{
			"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": servers,
		}}, store: memcacheStore, pickle: true},
		{name: "cached_db", django: cached, store: cachedStore, since: "4.0"},
		{name: "cached_db, rows read", django: cached, store: mixedStore, since: "4.0"},
		{name: "file", django: map[string]any{"engine": "file", "files": dir}, store: fileStore},
		{name: "signed_cookies", django: map[string]any{"engine": "signed_cookies"}, store: cookieStore, cookie: true},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// djangoEngine is a running testdata/engines.py.
type djangoEngine struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

type engineAnswer struct{ JSON, Key, Error, Text string }

func startEngine(t *testing.T, version string, config map[string]any) *djangoEngine {
	t.Helper()
	config["secret"] = secretKey
	text, err := json.Marshal(config)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), testenv.Django(t, version), filepath.Join("testdata", "engines.py"))
	cmd.Env = append(os.Environ(), "ENGINES="+string(text), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("Django %s: %v", version, err)
		}
	})
	return &djangoEngine{t, in, bufio.NewReader(out)}
}

// do asks Django. Fields are op, key, name and json.
func (d *djangoEngine) do(fields ...string) engineAnswer {
	d.t.Helper()
	request := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		request[fields[i]] = fields[i+1]
	}
	line, err := json.Marshal(request)
	must(d.t, err)
	_, err = d.in.Write(append(line, '\n'))
	must(d.t, err)
	answer, err := d.out.ReadBytes('\n')
	must(d.t, err)
	var a engineAnswer
	must(d.t, json.Unmarshal(answer, &a))
	return a
}

// ok is do for what Django must not refuse.
func (d *djangoEngine) ok(fields ...string) engineAnswer {
	d.t.Helper()
	a := d.do(fields...)
	if a.Error != "" {
		d.t.Fatalf("%q: %s: %s", fields, a.Error, a.Text)
	}
	return a
}

var engineTexts = []string{
	`{"_auth_user_id":"1","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"ffff"}`,
	`{"z":1,"a":[1,2,{"b":null}],"m":true,"f":1.0,"g":1e+22,"h":-0.0,"neg":-3}`,
	`{"int":123456789012345678901234567890,"u":"\u00fc\u2603\ud83d\ude00","\u043a":"\"\\/"}`,
	`{"long":"` + strings.Repeat("x0123456789", 300) + `","empty":[],"nothing":{}}`,
}

// TestEngines lets a live Django and a store of ours work on the same sessions,
// in both directions, with every engine.
func TestEngines(t *testing.T) {
	for _, version := range testenv.Djangos(t) {
		t.Run(version, func(t *testing.T) {
			for _, site := range engineSites(t) {
				t.Run(site.name, func(t *testing.T) {
					if version < site.since {
						t.Skipf("Django %s has no cache of its own in Redis", version)
					}
					d := startEngine(t, version, site.django)
					e, err := sessions.New(sessions.Config{Store: site.store})
					must(t, err)
					x := &exchange{t, d, e, site}
					for _, text := range engineTexts {
						x.fromDjango(text)
						x.fromHere(text)
					}
					x.strange()
				})
			}
		})
	}
}

// exchange is one site between two programs.
type exchange struct {
	*testing.T
	django *djangoEngine
	here   *sessions.Engine
	site   engineSite
}

func (x *exchange) wantHere(key, text string) {
	x.Helper()
	data, err := x.here.Session(key).Data(x.Context())
	if err != nil || data.JSON() != text {
		x.Errorf("read here: %.300s, %v; want %.300s", data.JSON(), err, text)
	}
}

func (x *exchange) wantDjango(key, text string) {
	x.Helper()
	if got := x.django.ok("op", "load", "key", key); got.JSON != text {
		x.Errorf("read by Django: %.300s; want %.300s", got.JSON, text)
	}
}

// fromDjango is a session that Django begins and Coatcheck ends.
func (x *exchange) fromDjango(text string) {
	x.Helper()
	key := x.django.ok("op", "create", "json", text).Key
	x.wantHere(key, text)
	session := x.here.Session(key)
	must(x.T, session.Set(x.Context(), "here", "yes"))
	must(x.T, session.Save(x.Context()))
	key, text = string(session.Key()), strings.TrimSuffix(text, "}")+`,"here":"yes"}`
	x.wantDjango(key, text)
	if x.site.cookie {
		return
	}
	must(x.T, x.here.Session(key).Flush(x.Context()))
	if got := x.django.ok("op", "load", "key", key); got.JSON != "{}" || got.Key == key {
		x.Errorf("Django still finds %s after the logout here", got.JSON)
	}
	if got := x.django.do("op", "set", "key", key, "name", "late", "json", "1"); got.Error == "" && got.Key == key {
		x.Error("Django made the session again")
	}
}

// fromHere is a session that Coatcheck begins and Django ends.
func (x *exchange) fromHere(text string) {
	x.Helper()
	data, err := sessions.ParseData(text)
	must(x.T, err)
	session := x.here.Session("")
	for name, value := range data.All() {
		must(x.T, session.Set(x.Context(), name, json.RawMessage(value)))
	}
	must(x.T, session.Save(x.Context()))
	key := string(session.Key())
	x.wantDjango(key, text)
	key = x.django.ok("op", "set", "key", key, "name", "there", "json", "[1]").Key
	text = strings.TrimSuffix(text, "}") + `,"there":[1]}`
	x.wantHere(key, text)
	if x.site.cookie {
		return
	}
	slow := x.here.Session(key)
	must(x.T, slow.Set(x.Context(), "late", 1))
	x.django.ok("op", "delete", "key", key)
	if err := slow.Save(x.Context()); !errors.Is(err, sessions.ErrInterrupted) {
		x.Errorf("a save after Django's logout: %v", err)
	}
	x.wantHere(key, `{}`)
}

// strange are values that only Python has: they are left alone, and what is
// beside them can be read.
func (x *exchange) strange() {
	x.Helper()
	if !x.site.pickle {
		return
	}
	for _, kind := range []string{"tuple", "bytes", "date", "decimal", "set", "keys"} {
		key := x.django.ok("op", "create", "json", `{"_auth_user_id":"7"}`).Key
		x.django.ok("op", "strange", "key", key, "name", "cart", "json", kind)
		x.wantHere(key, `{"_auth_user_id":"7"}`)
		session := x.here.Session(key)
		must(x.T, session.Set(x.Context(), "a", 1))
		if err := session.Save(x.Context()); !errors.Is(err, sessions.ErrReadOnly) {
			x.Errorf("%s: save: %v", kind, err)
		}
		must(x.T, x.here.Session(key).Flush(x.Context()))
		x.wantDjango(key, `{}`)
	}
}
