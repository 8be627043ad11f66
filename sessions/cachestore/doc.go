// Package cachestore keeps sessions in a cache alone, under the keys and in the form that
// Django uses (Django: django.contrib.sessions.backends.cache). It is on floor 2, the session
// engine.
//
// The caches are in folders of their own, so that a program compiles only what
// it imports:
//
//	cache, err := redis.Open(ctx, redis.Config{URL: "redis://127.0.0.1:6379/1"})
//	store, err := cachestore.New(cachestore.Config{Cache: cache})
//
// What a cache forgets is gone: a restart of one without persistence, or an
// eviction, signs people out. What is stored is neither signed nor encrypted, so
// whoever can write to the cache can be anybody.
package cachestore
