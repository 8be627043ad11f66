package djangosettings

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/sessions"
)

// engineSetting converts the session engine, and the cache that it needs.
func engineSetting(c *conversion, s djangoSetting, value any) {
	engine, known := strings.CutPrefix(fmt.Sprint(value), "django.contrib.sessions.backends.")
	if !known || !slices.Contains([]string{"db", "cache", "cached_db", "file", "signed_cookies"}, engine) {
		c.refuse(s.name, "is "+fmt.Sprint(value)+", no engine of Django's own, so Coatcheck could not "+
			"read the site's sessions")
		return
	}
	c.set(s.flag, engine)
	switch {
	case strings.HasPrefix(engine, "cache"):
		c.cache()
	case engine == "file" && c.text("SESSION_FILE_PATH") == "":
		c.set("session-file-path", os.TempDir())
		c.note("SESSION_FILE_PATH", "is not set, so that Django keeps sessions in the folder for "+
			"temporary files, where every user of the "+
			"system can read their keys; set it to a folder of its own on both sides")
	}
}

// serializerSetting checks that both sides write the same form. The cache engine
// has no use for a serializer.
func serializerSetting(c *conversion, s djangoSetting, value any) {
	engine := c.text("SESSION_ENGINE")
	switch value {
	case "django.contrib.sessions.serializers.JSONSerializer", "django.core.signing.JSONSerializer":
		return
	case "django.contrib.sessions.serializers.PickleSerializer", "django.core.serializers.base.PickleSerializer":
		if strings.HasSuffix(engine, ".cache") {
			return
		}
		c.set(s.flag, string(sessions.PickleSerializer))
		c.note(s.name, "are pickles; a session that holds what JSON cannot say, a Python object or a "+
			"tuple, is read here and never changed, "+
			"and a login here leaves such values behind")
	default:
		if !strings.HasSuffix(engine, ".cache") {
			c.refuse(s.name, "is "+fmt.Sprint(value)+"; Coatcheck writes Django's JSON or pickles, which "+
				"that may not read")
		}
	}
}

// djangoCache is the cache that the sessions are in.
type djangoCache struct {
	*conversion
	backend string
	servers []string
	options map[string]any
	dropped []string // options that play no part here
}

// The kinds of caches that both sides understand. Others may store in a form of
// their own.
var (
	redisCaches = []string{
		"django.core.cache.backends.redis.RedisCache", "django_prometheus.cache.backends.redis.NativeRedisCache",
	}
	djangoRedisCaches = []string{"django_redis.cache.RedisCache", "django_prometheus.cache.backends.redis.RedisCache"}
	memcachedCaches   = []string{
		"django.core.cache.backends.memcached.PyMemcacheCache", "django_prometheus.cache.backends.memcached.PyMemcacheCache",
		"django.core.cache.backends.memcached.PyLibMCCache", "django_prometheus.cache.backends.memcached.PyLibMCCache",
		"django.core.cache.backends.memcached.MemcachedCache", "django_prometheus.cache.backends.memcached.MemcachedCache",
	}
)

// cache converts the cache that the sessions are in.
func (c *conversion) cache() {
	alias := c.text("SESSION_CACHE_ALIAS")
	if alias == "" {
		alias = "default"
	}
	caches, _ := c.dump["CACHES"].(map[string]any)
	cache, there := caches[alias].(map[string]any)
	if !there {
		c.refuse("CACHES", "has no cache "+alias+", in which the sessions are to be")
		return
	}
	k := &djangoCache{conversion: c, servers: texts(cache["LOCATION"])}
	k.backend, _ = cache["BACKEND"].(string)
	k.options, _ = cache["OPTIONS"].(map[string]any)
	if one, ok := cache["LOCATION"].(string); ok {
		k.servers = strings.FieldsFunc(one, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	}
	for name, value := range cache {
		k.parameter(name, value)
	}
	switch {
	case slices.Contains(redisCaches, k.backend):
		k.redis()
	case slices.Contains(djangoRedisCaches, k.backend):
		k.djangoRedis()
	case slices.Contains(memcachedCaches, k.backend):
		k.memcached()
	default:
		c.refuse("CACHES", "has the sessions in "+k.backend+", and Coatcheck shares Redis (Django's own "+
			"and django-redis) and memcached alone")
		return
	}
	if len(k.dropped) > 0 {
		slices.Sort(k.dropped)
		c.note("CACHES", "has options of the sessions' cache that have no counterpart: "+
			strings.Join(k.dropped, ", "))
	}
}

// parameter reads what Django itself knows of every cache.
func (k *djangoCache) parameter(name string, value any) {
	switch name {
	case "BACKEND", "LOCATION", "OPTIONS":
	case "KEY_PREFIX":
		if value != nil {
			k.set("cache-key-prefix", fmt.Sprint(value))
		}
	case "VERSION":
		if value != nil {
			k.set("cache-version", value)
		}
	case "KEY_FUNCTION":
		if value != nil && value != "django.core.cache.backends.base.default_key_func" {
			k.refuse("CACHES", "has a KEY_FUNCTION for the sessions' cache, so Coatcheck would look for "+
				"sessions under other keys")
		}
	default:
		k.dropped = append(k.dropped, name)
	}
}

// option reports what comes of an option: nothing, or a reason why the two could not
// share.
func (k *djangoCache) breaks(name, why string) {
	k.refuse("CACHES", "has the option "+name+" for the sessions' cache: "+why)
}

// memcached converts the servers of a memcached.
func (k *djangoCache) memcached() {
	class := k.backend[strings.LastIndexByte(k.backend, '.')+1:]
	if len(k.servers) > 1 && class != "PyMemcacheCache" {
		k.refuse("CACHES", "has several servers for "+class+", which spreads keys over them in another "+
			"way than Coatcheck and PyMemcacheCache")
	}
	for name := range k.options {
		switch name {
		case "serde", "serializer", "deserializer", "pickler", "unpickler":
			k.breaks(name, "it stores in another form than Django's own")
		case "key_prefix", "encoding":
			k.breaks(name, "it changes the keys")
		case "username", "password", "tls_context":
			k.breaks(name, "Coatcheck speaks to memcached without a login and without TLS")
		case "hasher", "behaviors":
			if len(k.servers) > 1 {
				k.breaks(name, "it spreads keys over the servers in another way than Coatcheck does")
			}
			k.dropped = append(k.dropped, name)
		default:
			k.dropped = append(k.dropped, name)
		}
	}
	var servers []string
	for _, server := range k.servers {
		path, socket := strings.CutPrefix(server, "unix:")
		if socket || strings.HasPrefix(path, "/") {
			server = path
		}
		servers = append(servers, "memcached://"+server)
	}
	if len(servers) == 0 {
		k.refuse("CACHES", "has no LOCATION for the sessions' cache")
	}
	k.set("cache", servers)
}

// address sets the server of a Redis, of a list the first.
func (k *djangoCache) address() {
	if len(k.servers) == 0 {
		k.refuse("CACHES", "has no LOCATION for the sessions' cache")
		return
	}
	if len(k.servers) > 1 {
		k.note("CACHES", "has several Redis servers, to Django a primary and its replicas; the first is used")
	}
	u, err := url.Parse(k.servers[0])
	if err != nil || !slices.Contains([]string{"redis", "rediss", "unix", "valkey", "valkeys"}, u.Scheme) {
		k.refuse("CACHES", "has a LOCATION for the sessions' cache that is no redis:// URL")
		return
	}
	k.urlOptions(u)
	if k.encrypted() && u.Scheme == "redis" {
		u.Scheme = "rediss"
	}
	if _, has := u.User.Password(); has || k.secret() {
		k.note("CACHES", "has a password, which is not in the config; give the address by $COATCHECK_CACHE")
		k.set("cache", []string{})
		return
	}
	if db, ok := k.options["db"]; ok && strings.Trim(u.Path, "/") == "" && u.Scheme != "unix" {
		u.Path = "/" + fmt.Sprint(db)
	}
	k.set("cache", []string{u.String()})
}

// urlOptions removes options from an address that redis-py reads there, but for
// the number of the database at a socket.
func (k *djangoCache) urlOptions(u *url.URL) {
	query := u.Query()
	if db := query.Get("db"); db != "" && u.Scheme != "unix" {
		u.Path = "/" + db
		query.Del("db")
	}
	for name := range query {
		if name != "db" {
			k.tls(name)
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
}

// secret reports whether an option has a password.
func (k *djangoCache) secret() bool {
	pool, _ := k.options["CONNECTION_POOL_KWARGS"].(map[string]any)
	for _, value := range []any{k.options["password"], k.options["PASSWORD"], pool["password"]} {
		if text, ok := value.(string); ok && text != "" {
			return true
		}
	}
	return false
}

// encrypted reports whether an option asks for TLS, where the address does not.
func (k *djangoCache) encrypted() bool {
	pool, _ := k.options["CONNECTION_POOL_KWARGS"].(map[string]any)
	client, _ := k.options["REDIS_CLIENT_KWARGS"].(map[string]any)
	for _, options := range []map[string]any{k.options, pool, client} {
		if options["ssl"] == true || strings.Contains(fmt.Sprint(options["connection_class"]), "SSLConnection") {
			return true
		}
	}
	return false
}

// tls notes an option of redis-py: what has to do with TLS in words of its own.
func (k *djangoCache) tls(name string) {
	if strings.HasPrefix(name, "ssl_") {
		k.note("CACHES", "has "+name+" for the sessions' cache; Coatcheck always verifies the server's "+
			"certificate and name, by the "+
			"authorities of the system or of $SSL_CERT_FILE, and has no certificate of its own")
		return
	}
	k.dropped = append(k.dropped, name)
}

// redis converts the options of Django's own cache, which go to redis-py.
func (k *djangoCache) redis() {
	for name, value := range k.options {
		switch name {
		case "serializer":
			if value != nil && value != "django.core.cache.backends.redis.RedisSerializer" {
				k.breaks(name, "it stores in another form than Django's own")
			}
		case "db", "password":
		default:
			k.tls(name)
		}
	}
	k.address()
}
