package cacheddb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
)

// KeyPrefix is what Django puts before a session key (Django: KEY_PREFIX of
// backends.cached_db).
const KeyPrefix = "django.contrib.sessions.cached_db"

// Config specifies where the sessions are. Rows and Cache are required.
type Config struct {
	// Rows keeps the sessions that count: what dbstore.New returns.
	Rows sessions.Store
	// Cache keeps the copies. It is opened by package redis or memcached.
	// Django: SESSION_CACHE_ALIAS, and BACKEND and LOCATION of that cache.
	Cache cachestore.Cache
	// Keys are KEY_PREFIX and VERSION of Django's cache.
	Keys cachestore.Keys
	// PickleProtocol is 5 when 0, as Django's own caches write, or 4, as
	// django-redis does by default.
	PickleProtocol int
	// ReadRows reads every session from its row, and only keeps the copies right
	// for others. Set it where nodes of Django share the cache: they may fill it
	// with a session that has just been deleted, which they would then believe
	// for up to SESSION_COOKIE_AGE; with ReadRows this program never does.
	ReadRows bool
	// Logger receives a warning when a session was read from its row because the
	// cache failed. Nil means slog.Default().
	Logger *slog.Logger
}

// Store is a sessions.Store over a database and a cache. It is safe for
// concurrent use.
type Store struct {
	config Config
}

var (
	_ sessions.Store   = (*Store)(nil)
	_ sessions.Clearer = (*Store)(nil)
	_ sessions.Finder  = (*Store)(nil)
	_ sessions.Walker  = (*Store)(nil)
)

// New returns a store. The error is about the configuration.
func New(c Config) (*Store, error) {
	if c.Rows == nil || c.Cache == nil {
		return nil, errors.New("cacheddb: Config.Rows and Config.Cache must both be set")
	}
	if c.PickleProtocol == 0 {
		c.PickleProtocol = sessions.PickleProtocol
	}
	if _, err := (sessions.Data{}).Pickle(c.PickleProtocol); err != nil {
		return nil, fmt.Errorf("cacheddb: Config.PickleProtocol: %w", err)
	}
	if _, err := c.Keys.Make(KeyPrefix + sessions.NewKey()); err != nil {
		return nil, fmt.Errorf("cacheddb: Config.Keys: %w", err)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Store{c}, nil
}

// A record's Version says where it was read: of a row it is the row's own, of a
// copy the data itself.
const (
	fromRow  = "row:"
	fromCopy = "copy:"
)

// leaseTime is how long a lease keeps others from making a copy when its holder
// dies. Nothing but that depends on it.
const leaseTime = 10 * time.Second

// newLease is a value that only its maker knows. It is a pickle of None, which
// Django takes for a key that is not there, with something behind its end, where
// nobody looks.
func newLease() string { return "\x80\x05N." + rand.Text() }

// Load reads the copy; where there is none, or none that can be used, the row.
func (s *Store) Load(ctx context.Context, key string) (*sessions.Record, error) {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return nil, sessions.ErrNotFound
	}
	if s.config.ReadRows {
		return s.loadRow(ctx, key)
	}
	entry, err := s.config.Cache.Get(ctx, name)
	switch {
	case errors.Is(err, sessions.ErrNotFound):
		return s.loadAndCopy(ctx, key, name)
	case err != nil:
		s.config.Logger.WarnContext(ctx, "session cache failed, reading the row", "error", err)
		return s.loadRow(ctx, key)
	}
	// What JSON cannot say is in the row in another form, so the row it is.
	data, readOnly, err := sessions.ParsePickle(entry.Value)
	if err != nil || readOnly != nil {
		return s.loadRow(ctx, key)
	}
	return &sessions.Record{Data: data, Expires: entry.Expires, Version: fromCopy + data.JSON()}, nil
}

// PingCache reports whether the cache responds, by asking for a session that nobody has.
// While it does not, sessions are read from their rows, and none is saved or deleted.
func (s *Store) PingCache(ctx context.Context) error {
	name, err := s.config.Keys.Make(KeyPrefix + sessions.NewKey())
	if err == nil {
		_, err = s.config.Cache.Get(ctx, name)
	}
	if err != nil && !errors.Is(err, sessions.ErrNotFound) {
		return fmt.Errorf("cacheddb: ping the cache: %w", err)
	}
	return nil
}

func (s *Store) loadRow(ctx context.Context, key string) (*sessions.Record, error) {
	r, err := s.config.Rows.Load(ctx, key)
	if err != nil {
		return nil, err
	}
	r.Version = fromRow + r.Version
	return r, nil
}

// Stored returns what the row of key holds and when it ends, even if it has ended; see
// dbstore.Store.Stored. The error is errors.ErrUnsupported if Rows have no such method.
func (s *Store) Stored(ctx context.Context, key string) (text string, expires time.Time, err error) {
	rows, ok := s.config.Rows.(interface {
		Stored(ctx context.Context, key string) (string, time.Time, error)
	})
	if !ok {
		return "", time.Time{}, errors.ErrUnsupported
	}
	return rows.Stored(ctx, key)
}

// loadAndCopy reads the row and makes a copy. The row is read once more under
// the lease; keys that nobody has a session under leave nothing in the cache.
func (s *Store) loadAndCopy(ctx context.Context, key, name string) (*sessions.Record, error) {
	r, err := s.loadRow(ctx, key)
	if err != nil {
		return nil, err
	}
	lease := newLease()
	if err := s.config.Cache.Add(ctx, name, lease, leaseTime); err != nil {
		return r, nil // another does it already, or the cache has failed since
	}
	again, err := s.loadRow(ctx, key)
	if err != nil {
		return nil, err
	}
	value, err := again.Data.Pickle(s.config.PickleProtocol)
	if lifetime := cachestore.Lifetime(again.Expires); err == nil && lifetime > 0 && again.Corrupt == nil && again.ReadOnly == nil {
		// A lease that was broken in between makes no copy, and a cache that
		// fails has none, or this one.
		_ = s.config.Cache.Swap(ctx, name, lease, value, lifetime)
	}
	return again, nil
}

// Create inserts a row and makes a copy. A copy that fails is missed by nobody.
func (s *Store) Create(ctx context.Context, key string, r *sessions.Record) error {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return err
	}
	if err := s.config.Rows.Create(ctx, key, r); err != nil {
		return err
	}
	r.Version = fromRow + r.Version
	s.addCopy(ctx, name, r)
	return nil
}

// addCopy creates a copy of a session whose key is new.
func (s *Store) addCopy(ctx context.Context, name string, r *sessions.Record) {
	value, err := r.Data.Pickle(s.config.PickleProtocol)
	if lifetime := cachestore.Lifetime(r.Expires); err == nil && lifetime > 0 {
		if err := s.config.Cache.Add(ctx, name, value, lifetime); err != nil {
			s.config.Logger.WarnContext(ctx, "session cache failed, the new session is in its row", "error", err)
		}
	}
}

// Update replaces the row if its data still is what was loaded, and the copy.
// Where the cache cannot be reached it fails before it touches the row.
func (s *Store) Update(ctx context.Context, key string, r *sessions.Record) error {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return err
	}
	loaded, err := s.rowVersion(ctx, key, name, r.Version)
	if err != nil {
		return err
	}
	lease := newLease()
	if err := s.config.Cache.Set(ctx, name, lease, leaseTime); err != nil {
		return err
	}
	row := *r
	row.Version = loaded
	if err := s.config.Rows.Update(ctx, key, &row); err != nil {
		return err // the lease ends by itself
	}
	r.Version = fromRow + row.Version
	return s.replaceCopy(ctx, name, lease, r)
}

// rowVersion is the row's Version for what was loaded. What was loaded from a
// copy is compared with the row first; where they differ the copy is wrong, and
// goes. A row that cannot be read, because a key that is gone signed it, says
// nothing against the copy, and is written anew as Django does.
func (s *Store) rowVersion(ctx context.Context, key, name, version string) (string, error) {
	if version, ok := strings.CutPrefix(version, fromRow); ok {
		return version, nil
	}
	row, err := s.config.Rows.Load(ctx, key)
	if err == nil && (row.Corrupt != nil || fromCopy+row.Data.JSON() == version) {
		return row.Version, nil
	}
	if err == nil {
		err = sessions.ErrConflict
	}
	if errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrNotFound) {
		if err := s.config.Cache.Delete(ctx, name); err != nil {
			return "", err
		}
	}
	return "", err
}

// replaceCopy puts what was saved in the place of the lease. Where the lease is
// gone somebody else may be about to store what is older, so that there must be
// no copy at all.
func (s *Store) replaceCopy(ctx context.Context, name, lease string, r *sessions.Record) error {
	value, err := r.Data.Pickle(s.config.PickleProtocol)
	if lifetime := cachestore.Lifetime(r.Expires); err == nil && lifetime > 0 {
		if err := s.config.Cache.Swap(ctx, name, lease, value, lifetime); err == nil {
			return nil
		}
	}
	return s.config.Cache.Delete(ctx, name)
}

// Move returns the row another key if its data still is what was loaded; the old copy goes,
// and a new one is made. Where the cache cannot be reached it fails before it touches the
// row.
func (s *Store) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	from, err := s.config.Keys.Make(KeyPrefix + old)
	if err != nil {
		return sessions.ErrNotFound
	}
	name, err := s.config.Keys.Make(KeyPrefix + new)
	if err != nil {
		return err
	}
	loaded, err := s.rowVersion(ctx, old, from, r.Version)
	if err != nil {
		return err
	}
	if err := s.config.Cache.Set(ctx, from, newLease(), leaseTime); err != nil {
		return err
	}
	row := *r
	row.Version = loaded
	if err := s.config.Rows.Move(ctx, old, new, &row); err != nil {
		return err // the lease ends by itself
	}
	r.Version = fromRow + row.Version
	s.addCopy(ctx, name, r)
	return s.config.Cache.Delete(ctx, from)
}

// Walk walks through the rows; errors.ErrUnsupported where what keeps them cannot.
func (s *Store) Walk(ctx context.Context, f func(key string, d sessions.Data) error) error {
	if w, ok := s.config.Rows.(sessions.Walker); ok {
		return w.Walk(ctx, f)
	}
	return fmt.Errorf("cacheddb: list sessions: %w", errors.ErrUnsupported)
}

// Delete removes the row and the copy. It fails where either cannot be reached,
// and when it has returned there is neither.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.config.Keys.Make(KeyPrefix + key)
	if err != nil {
		return s.config.Rows.Delete(ctx, key)
	}
	if err := s.config.Cache.Set(ctx, name, newLease(), leaseTime); err != nil {
		return err
	}
	if err := s.config.Rows.Delete(ctx, key); err != nil {
		return err
	}
	return s.config.Cache.Delete(ctx, name)
}

// ClearExpired removes expired rows. Copies end by themselves.
func (s *Store) ClearExpired(ctx context.Context) (int64, error) {
	if c, ok := s.config.Rows.(sessions.Clearer); ok {
		return c.ClearExpired(ctx)
	}
	return 0, nil
}

// FindKeys finds keys in the rows; errors.ErrUnsupported where what keeps the rows
// cannot.
func (s *Store) FindKeys(ctx context.Context, prefix string) ([]string, error) {
	if f, ok := s.config.Rows.(sessions.Finder); ok {
		return f.FindKeys(ctx, prefix)
	}
	return nil, fmt.Errorf("cacheddb: find a session by the beginning of its key: %w", errors.ErrUnsupported)
}

// Changes returns how changes are told: by the rows if those are read, and else by the cache.
func (s *Store) Changes() (*changes.Channel, error) {
	if !s.config.ReadRows {
		return cachestore.Changes(s.config.Cache, s.config.Keys, KeyPrefix)
	}
	rows, ok := s.config.Rows.(interface {
		Changes() (*changes.Channel, error)
	})
	if !ok {
		return nil, errors.New("cacheddb: Config.Rows do not tell of changes")
	}
	return rows.Changes()
}
