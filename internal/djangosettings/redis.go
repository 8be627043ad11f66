package djangosettings

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// djangoRedis converts the options of django-redis.
func (k *djangoCache) djangoRedis() {
	k.set("cache-pickle", 4)
	for name, value := range k.options {
		k.djangoRedisOption(name, value)
	}
	if k.options["SENTINELS"] != nil {
		k.sentinels()
		return
	}
	k.address()
}

// plainClients store each key by itself on the server that they are given.
var plainClients = []string{
	"django_redis.client.DefaultClient", "django_redis.client.default.DefaultClient",
	"django_redis.client.SentinelClient", "django_redis.client.sentinel.SentinelClient",
}

// djangoRedisOption reports what comes of an option.
func (k *djangoCache) djangoRedisOption(name string, value any) {
	text := fmt.Sprint(value)
	switch name {
	case "CLIENT_CLASS":
		if !slices.Contains(plainClients, text) {
			k.breaks(name, text+" stores in another form, or on other servers, than DefaultClient")
		}
	case "COMPRESSOR":
		if value != nil && !strings.HasSuffix(text, "IdentityCompressor") {
			k.breaks(name, "Coatcheck would take each compressed session for damaged, and Django each of "+
				"Coatcheck's")
		}
	case "SERIALIZER":
		if value != nil && !strings.HasSuffix(text, "PickleSerializer") {
			k.breaks(name, "Coatcheck writes pickles, as django-redis does without it")
		}
	case "PICKLE_VERSION":
		k.pickle(name, value)
	case "REDIS_CLIENT_CLASS":
		if strings.Contains(strings.ToLower(text), "cluster") {
			k.breaks(name, "the conversion does not know how the nodes are reached; write "+
				"--cache-cluster and --cache yourself")
		}
	case "CONNECTION_POOL_KWARGS", "REDIS_CLIENT_KWARGS", "SENTINEL_KWARGS":
		k.nested(name, value)
	case "PASSWORD", "SENTINELS":
	default:
		k.dropped = append(k.dropped, name)
	}
}

// pickle sets the protocol that Django writes. Coatcheck reads those from 2 on.
func (k *djangoCache) pickle(name string, value any) {
	switch value {
	case int64(4), nil:
	case int64(5), int64(-1):
		k.set("cache-pickle", 5)
	case int64(2), int64(3):
		k.note("CACHES", "has PICKLE_VERSION for the sessions' cache; Coatcheck writes 4, which every "+
			"Python of a Django reads")
	default:
		k.breaks(name, "Coatcheck reads pickles from version 2 on")
	}
}

// nested looks at options within one.
func (k *djangoCache) nested(name string, value any) {
	options, _ := value.(map[string]any)
	for inner := range options {
		switch {
		case name == "SENTINEL_KWARGS" && (inner == "password" || inner == "username"):
			k.breaks(name, "Coatcheck logs in to no Sentinel by flags")
		case inner == "decode_responses" && options[inner] == true:
			k.breaks(name, "decode_responses changes what is stored")
		case inner == "password" || inner == "ssl":
		default:
			k.tls(inner)
		}
	}
}

// sentinels converts the Sentinels; the host of LOCATION is the master's name.
func (k *djangoCache) sentinels() {
	if len(k.servers) == 0 {
		k.refuse("CACHES", "has no LOCATION for the sessions' cache")
		return
	}
	master, err := url.Parse(k.servers[0])
	list, _ := k.options["SENTINELS"].([]any)
	if err != nil || master.Hostname() == "" || len(list) == 0 {
		k.refuse("CACHES", "has SENTINELS for the sessions' cache that cannot be read")
		return
	}
	k.urlOptions(master)
	if k.secret() || master.User != nil {
		k.note("CACHES", "has a password, which is not in the config; give the addresses of the "+
			"Sentinels, each with it, by $COATCHECK_CACHE")
	}
	var servers []string
	for _, item := range list {
		pair, _ := item.([]any)
		if len(pair) != 2 {
			k.refuse("CACHES", "has SENTINELS for the sessions' cache that cannot be read")
			return
		}
		u := url.URL{Scheme: "redis", Host: net.JoinHostPort(fmt.Sprint(pair[0]), fmt.Sprint(pair[1])), Path: master.Path}
		if k.encrypted() || master.Scheme == "rediss" {
			u.Scheme = "rediss"
		}
		servers = append(servers, u.String())
	}
	k.set("cache", servers)
	k.set("cache-sentinel", master.Hostname())
}
