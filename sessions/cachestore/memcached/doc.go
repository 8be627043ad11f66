// Package memcached is on floor 2, the session engine: it is the cache of
// package cachestore and cacheddb in memcached, with one server or several
// (Django: django.core.cache.backends.memcached.PyMemcacheCache).
//
// Of several servers each key has its own, the one that pymemcache chooses.
// pylibmc, of PyLibMCCache, chooses otherwise: with it, share one server alone.
package memcached
