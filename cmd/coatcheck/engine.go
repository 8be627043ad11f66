package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/memcached"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/filestore"
)

// engineFlags say where sessions are kept.
type engineFlags struct {
	Name           string              `group:"sessions" name:"session-engine" enum:"db,cache,cached_db,file,signed_cookies" default:"db" help:"Where sessions are kept: ${enum}. The last part of Django's SESSION_ENGINE."`
	Cache          []string            `group:"sessions" name:"cache" sep:"none" placeholder:"URL" help:"Cache of cache and cached_db: redis://HOST:PORT/DB, rediss://…, unix://…, or memcached://HOST:PORT. May be repeated for the servers of one cluster (CACHES, LOCATION)."`
	Serializer     sessions.Serializer `group:"sessions" name:"session-serializer" enum:"json,pickle" default:"json" help:"Form of session data in rows, files and cookies: ${enum}. pickle is for a site up to Django 4.2 that has the PickleSerializer (SESSION_SERIALIZER)."`
	CacheCluster   bool                `group:"sessions" help:"The cache is a Redis Cluster."`
	CacheSentinel  string              `group:"sessions" placeholder:"NAME" help:"Name of the master that the Redis Sentinels at --cache watch."`
	CacheKeyPrefix string              `group:"sessions" placeholder:"TEXT" help:"KEY_PREFIX of Django's cache."`
	CacheVersion   int                 `group:"sessions" default:"1" help:"VERSION of Django's cache."`
	CachePickle    int                 `group:"sessions" enum:"4,5" default:"5" help:"Pickle protocol to write: 5 as Django's own caches do, or 4 as django-redis does."`
	ReadRows       bool                `group:"sessions" name:"cached-db-read-rows" default:"true" negatable:"" help:"With cached_db, read each session from its row; on by default. --no-cached-db-read-rows reads the cache, for a cache that no Django node shares."`
	FilePath       string              `group:"sessions" name:"session-file-path" placeholder:"DIR" help:"Folder of the file engine, closed to other users; by default one of its own in the system's for temporary files (SESSION_FILE_PATH)."`
}

// store opens the engine. The function closes what it opened.
func (f *engineFlags) store(
	ctx context.Context, db *database.DB, key secret, acceptSHA1 bool, c sessions.Config, log *slog.Logger,
) (sessions.Store, func(), error) {
	signing := sessions.CodecConfig{Keys: key.keys(acceptSHA1), Serializer: c.Serializer}
	nothing := func() {}
	if f.Name == "signed_cookies" {
		store, err := cookiestore.NewIrrevocable(cookiestore.Config{
			Signing: signing, CookieName: c.CookieName, CookieAge: c.CookieAge, Location: c.Location,
		})
		return store, nothing, err
	}
	codec, err := sessions.NewCodec(signing)
	if err != nil {
		return nil, nothing, err
	}
	switch f.Name {
	case "db":
		return dbstore.New(db, codec), nothing, nil
	case "file":
		store, err := filestore.New(filestore.Config{
			Codec: codec, Dir: f.FilePath, CookieName: c.CookieName, CookieAge: c.CookieAge,
			Location: c.Location, Logger: log,
		})
		return store, nothing, err
	}
	cache, closeCache, err := f.openCache(ctx)
	if err != nil {
		return nil, nothing, err
	}
	keys := cachestore.Keys{Prefix: f.CacheKeyPrefix, Version: f.CacheVersion}
	var store sessions.Store
	if f.Name == "cache" {
		store, err = cachestore.New(cachestore.Config{
			Cache: cache, Keys: keys, PickleProtocol: f.CachePickle,
		})
	} else {
		store, err = cacheddb.New(cacheddb.Config{
			Rows: dbstore.New(db, codec), Cache: cache, Keys: keys, PickleProtocol: f.CachePickle,
			ReadRows: f.ReadRows, Logger: log,
		})
	}
	if err != nil {
		closeCache()
		return nil, nothing, err
	}
	return store, closeCache, nil
}

// mustExist refuses the default folder of the file engine where it is absent, for commands
// that make nothing. Each user of the system has another one.
func (f *engineFlags) mustExist() error {
	if f.Name != "file" || f.FilePath != "" {
		return nil
	}
	if _, err := os.Stat(filestore.DefaultDir()); err != nil {
		return fmt.Errorf("there are no sessions in %s; run this as the user that serve runs as, or name "+
			"their folder by --session-file-path",
			filestore.DefaultDir())
	}
	return nil
}

// openCache opens what the --cache flags name, all of one kind.
func (f *engineFlags) openCache(ctx context.Context) (cachestore.Cache, func(), error) {
	servers, err := f.servers()
	if err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(f.Cache[0], "memcached:") {
		cache, err := memcached.Open(ctx, memcached.Config{Servers: servers})
		return cache, func() {}, err
	}
	cache, err := redis.Open(ctx, redis.Config{
		URL: f.Cache[0], Addresses: hosts(f.Cache[1:]), Cluster: f.CacheCluster, Sentinel: f.CacheSentinel,
	})
	if err != nil {
		return nil, nil, err
	}
	return cache, cache.Close, nil
}

// possible refuses what the engine cannot work with, as far as it can be seen without a
// connection.
func (f *engineFlags) possible() error {
	switch f.Name {
	case "cache", "cached_db":
		_, err := f.servers()
		return err
	case "file":
		if info, err := os.Stat(f.FilePath); f.FilePath != "" && (err != nil || !info.IsDir()) {
			return usageError{fmt.Errorf("--session-file-path %s is not a folder; create it, closed to "+
				"others (mode 0700)", f.FilePath)}
		}
	}
	return nil
}

// servers are the addresses of the cache, as memcached takes them.
func (f *engineFlags) servers() ([]string, error) {
	if len(f.Cache) == 0 {
		return nil, usageError{fmt.Errorf("--session-engine %s needs --cache, for instance --cache "+
			"redis://127.0.0.1:6379/0", f.Name)}
	}
	scheme, _, _ := strings.Cut(f.Cache[0], "://")
	if !slices.Contains(cacheSchemes, scheme) {
		return nil, errCache
	}
	var servers []string
	for _, location := range f.Cache {
		u, err := url.Parse(location)
		if err != nil || u.Scheme != scheme {
			return nil, errCache
		}
		server := u.Host + u.Path
		if strings.HasPrefix(server, "/") {
			server = "unix:" + server
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// cacheSchemes are the kinds of caches that are spoken to.
var cacheSchemes = []string{"redis", "rediss", "unix", "memcached"}

var errCache = usageError{errors.New("--cache: write redis://HOST:PORT/DB or memcached://HOST:PORT, all " +
	"of one kind")}

// hosts returns the host:port of URLs that were parsed before.
func hosts(locations []string) []string {
	var out []string
	for _, location := range locations {
		if u, err := url.Parse(location); err == nil {
			out = append(out, u.Host)
		}
	}
	return out
}
