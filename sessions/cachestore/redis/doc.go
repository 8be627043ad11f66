// Package redis is the cache of packages cachestore and cacheddb in Redis or Valkey: a single
// server, one behind Sentinel, or a cluster (Django:
// django.core.cache.backends.redis.RedisCache, and django-redis). It is on floor 2, the
// session engine.
//
// Every operation touches one key, so that in a cluster it runs on one node and
// keys need no hash tags. A change of a session is a script that compares and
// sets, which no other client can come between: a session that was deleted is
// never stored again by a request that began before.
package redis
