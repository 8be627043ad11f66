package cachestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
)

// KeyPrefix is what Django puts before a session key (Django:
// KEY_PREFIX of backends.cache).
const KeyPrefix = "django.contrib.sessions.cache"

// Config specifies where the sessions are. Only Cache is required.
type Config struct {
	// Cache is opened by package redis or memcached. Django:
	// SESSION_CACHE_ALIAS, and BACKEND and LOCATION of that cache.
	Cache Cache
	// Keys are KEY_PREFIX and VERSION of Django's cache.
	Keys Keys
	// PickleProtocol is 5 when 0, as Django's own caches write, or 4, as
	// django-redis does by default. Either reads both.
	PickleProtocol int
}

// Store is a sessions.Store over a cache. It is safe for concurrent use.
type Store struct {
	config Config
}

var (
	_ sessions.Store  = (*Store)(nil)
	_ sessions.Walker = (*Store)(nil)
)

// New returns a store. The error is about the configuration.
func New(c Config) (*Store, error) {
	if c.Cache == nil {
		return nil, errors.New("cachestore: no cache given; set Config.Cache, for instance to what redis.Open returns")
	}
	if c.PickleProtocol == 0 {
		c.PickleProtocol = sessions.PickleProtocol
	}
	if _, err := (sessions.Data{}).Pickle(c.PickleProtocol); err != nil {
		return nil, fmt.Errorf("cachestore: Config.PickleProtocol: %w", err)
	}
	if _, err := c.Keys.Make(KeyPrefix + sessions.NewKey()); err != nil {
		return nil, fmt.Errorf("cachestore: Config.Keys: %w", err)
	}
	return &Store{c}, nil
}

// Load reads the session of key. A pickle that cannot be read is a corrupt
// session; Django takes it for none.
func (s *Store) Load(ctx context.Context, key string) (*sessions.Record, error) {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return nil, sessions.ErrNotFound
	}
	entry, err := s.config.Cache.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	data, readOnly, err := sessions.ParsePickle(entry.Value)
	if errors.Is(err, sessions.ErrNotFound) {
		return nil, err
	}
	return &sessions.Record{Data: data, Expires: entry.Expires, Version: entry.Value, Corrupt: err, ReadOnly: readOnly}, nil
}

// Create stores a session. One that has expired already is not stored, and that
// is no error.
func (s *Store) Create(ctx context.Context, key string, r *sessions.Record) error {
	name, value, err := s.prepare(key, r)
	if err != nil {
		return err
	}
	if lifetime := Lifetime(r.Expires); lifetime > 0 {
		if err := s.config.Cache.Add(ctx, name, value, lifetime); err != nil {
			return err
		}
	}
	r.Version = value
	return nil
}

// Update replaces the session if it still is what was loaded, byte for byte. One
// that has expired by what it says itself is removed.
func (s *Store) Update(ctx context.Context, key string, r *sessions.Record) error {
	name, value, err := s.prepare(key, r)
	if err != nil {
		return err
	}
	lifetime := Lifetime(r.Expires)
	if err := s.config.Cache.Swap(ctx, name, r.Version, value, max(lifetime, time.Second)); err != nil {
		return err
	}
	r.Version = value
	if lifetime == 0 {
		return s.config.Cache.Delete(ctx, name)
	}
	return nil
}

// Move stores the session under the new key, which nobody knows yet, removes the old one
// if it still is what was loaded, and otherwise takes the new one back. One that has
// expired by what it says itself is removed.
func (s *Store) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	from, err := s.config.Keys.Make(KeyPrefix + old)
	if err != nil {
		return sessions.ErrNotFound
	}
	name, value, err := s.prepare(new, r)
	if err != nil {
		return err
	}
	lifetime := Lifetime(r.Expires)
	if lifetime > 0 {
		if err := s.config.Cache.Add(ctx, name, value, lifetime); err != nil {
			return err
		}
	}
	err = s.config.Cache.DeleteIf(ctx, from, r.Version)
	switch {
	case err == nil:
		r.Version = value
	case lifetime > 0: // also where the client has gone away since
		err = errors.Join(err, s.config.Cache.Delete(context.WithoutCancel(ctx), name))
	}
	return err
}

// copies begins the keys, behind KeyPrefix, of what the engine cached_db keeps in the
// same cache: django.contrib.sessions.cached_db.
const copies = "d_db"

// Walk asks the cache for its keys, and then for each session; errors.ErrUnsupported
// where the cache cannot list, as memcached.
func (s *Store) Walk(ctx context.Context, f func(key string, d sessions.Data) error) error {
	lister, ok := s.config.Cache.(Lister)
	if !ok {
		return fmt.Errorf("cachestore: list sessions: %w", errors.ErrUnsupported)
	}
	prefix, err := s.config.Keys.Make(KeyPrefix)
	if err != nil {
		return err
	}
	return lister.List(ctx, prefix, func(name string) error {
		key := strings.TrimPrefix(name, prefix)
		if strings.HasPrefix(key, copies) {
			return nil
		}
		record, err := s.Load(ctx, key)
		switch {
		case errors.Is(err, sessions.ErrNotFound):
			return nil
		case err != nil:
			return err
		case record.Corrupt != nil:
			return nil
		}
		return f(key, record.Data)
	})
}

func (s *Store) prepare(key string, r *sessions.Record) (name, value string, err error) {
	if name, err = s.config.Keys.Make(KeyPrefix + key); err != nil {
		return "", "", err
	}
	value, err = r.Data.Pickle(s.config.PickleProtocol)
	return name, value, err
}

// Delete removes the session.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return nil // there is no session under such a key
	}
	return s.config.Cache.Delete(ctx, name)
}

// teller is a cache that tells of changes to keys with a prefix.
type teller interface {
	Changes(prefix string, session func(name string) (changes.Digest, bool)) (*changes.Channel, error)
}

// Changes returns how the cache tells of changes to sessions.
func (s *Store) Changes() (*changes.Channel, error) {
	return Changes(s.config.Cache, s.config.Keys, KeyPrefix)
}

// Changes returns how a cache tells of changes to the sessions under keys with the prefix.
func Changes(cache Cache, keys Keys, prefix string) (*changes.Channel, error) {
	t, ok := cache.(teller)
	if !ok {
		return nil, errors.New("cachestore: the cache does not tell of changes; Redis does")
	}
	prefix, err := keys.Make(prefix)
	if err != nil {
		return nil, err
	}
	return t.Changes(prefix, func(name string) (changes.Digest, bool) {
		key, ok := strings.CutPrefix(name, prefix)
		return changes.Of(key), ok
	})
}
