// Package memcached is the cache of packages cachestore and cacheddb in memcached, with one
// server or several (Django: django.core.cache.backends.memcached.PyMemcacheCache). It is on
// floor 2, the session engine.
//
// Of several servers each key has its own, the one that pymemcache chooses.
// pylibmc, of PyLibMCCache, chooses otherwise: with it, share one server alone.
package memcached
