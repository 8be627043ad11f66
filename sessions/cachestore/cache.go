package cachestore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MaxValue is the most bytes of a value that a Cache needs to return whole: what
// is longer is no session.
const MaxValue = 4 << 20

// Cache is what the stores need of a cache. Each method is one step that no
// other client's can come between. Lifetimes are whole seconds, at least one.
// Errors other than the named ones mean that the cache failed, never that a key
// is not there.
type Cache interface {
	// Get returns the value of key, or sessions.ErrNotFound, also where what is
	// there cannot be a pickle because it is of another type.
	Get(ctx context.Context, key string) (Entry, error)
	// Add stores a value under a key that is not there, or returns
	// sessions.ErrExists.
	Add(ctx context.Context, key, value string, lifetime time.Duration) error
	// Swap replaces the value of key if it still is old. It returns
	// sessions.ErrConflict where it is another, and sessions.ErrNotFound where
	// it is gone.
	Swap(ctx context.Context, key, old, value string, lifetime time.Duration) error
	// Set stores a value, whatever was there.
	Set(ctx context.Context, key, value string, lifetime time.Duration) error
	// DeleteIf removes key if its value still is old, and returns as Delete does. It
	// returns sessions.ErrConflict where the value is another, and
	// sessions.ErrNotFound where it is gone.
	DeleteIf(ctx context.Context, key, old string) error
	// Delete removes key, if it is there. It returns when the value is gone for
	// good: where the cache has copies that could take over, it is gone there.
	Delete(ctx context.Context, key string) error
}

// Lister is implemented by caches that can list their keys.
type Lister interface {
	// List calls f with each key that begins with prefix, in no order, perhaps more
	// than once. An error of f ends it.
	List(ctx context.Context, prefix string, f func(key string) error) error
}

// Entry is what a cache has under a key.
type Entry struct {
	// Value may be cut off after MaxValue bytes and one more.
	Value string
	// Expires is zero where the cache does not tell, or never.
	Expires time.Time
}

// String hides the value.
func (e Entry) String() string { return fmt.Sprintf("cache entry (%d bytes)", len(e.Value)) }

// GoString hides the value.
func (e Entry) GoString() string { return e.String() }

// Keys builds the keys of a cache as Django does (Django: make_key).
type Keys struct {
	// Prefix is the KEY_PREFIX of Django's CACHES setting.
	Prefix string
	// Version is its VERSION; 1 when 0.
	Version int
}

// maxKey is memcached's limit, which Django holds every cache to.
const maxKey = 250

// ErrKey: a key is too long for a cache, or holds spaces or control characters.
var ErrKey = errors.New("cachestore: the key is longer than 250 bytes, or holds a space or control character")

// Make returns the cache's name for a key: prefix, version and key with colons
// between. A cache is never asked for a name that returns an error (ErrKey).
func (k Keys) Make(key string) (string, error) {
	version := max(k.Version, 1)
	name := fmt.Sprintf("%s:%d:%s", k.Prefix, version, key)
	if len(name) > maxKey {
		return "", ErrKey
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] == 0x7f {
			return "", ErrKey
		}
	}
	return name, nil
}

// slack is what may pass between a session's choice of its end and the storing.
const slack = 50 * time.Millisecond

// Lifetime is the timeout that Django gives a session which ends at that time,
// in whole seconds rounded down; 0 where it has ended.
func Lifetime(expires time.Time) time.Duration {
	return max(0, (time.Until(expires) + slack).Truncate(time.Second))
}
