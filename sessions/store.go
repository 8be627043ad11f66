package sessions

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

// Errors that stores return and callers branch on.
var (
	// ErrNotFound: there is no such session, or it has expired.
	ErrNotFound = errors.New("sessions: no such session")
	// ErrExists: the key of a new session is taken (Django: CreateError).
	ErrExists = errors.New("sessions: the session key is taken")
	// ErrConflict: the session was changed since it was loaded.
	ErrConflict = errors.New("sessions: the session was changed by another request")
	// ErrReadOnly: the session holds what only the program that wrote it
	// understands, so it cannot be saved with a change: see Record.ReadOnly.
	ErrReadOnly = errors.New("sessions: the session holds values of another program and cannot be saved")
	// ErrStoreReadOnly: the store takes no writes now, such as rows in a database that
	// is a standby. A session that was only to live on is served all the same.
	ErrStoreReadOnly = errors.New("sessions: the store is read-only")
	// ErrTooLarge: the session holds more than its store can keep.
	ErrTooLarge = errors.New("sessions: the session is too large for its store")
)

// Store keeps sessions. A program may bring its own; sessionstest tests it.
//
// Every method may be called at the same time from many requests, for one key
// too. An error other than the named ones means that the store failed, and
// makes the request fail with 503; it must never be given for a key of odd
// form, which is simply not found.
type Store interface {
	// Load returns the session of key, or ErrNotFound where there is none or it
	// has expired. Data that cannot be decoded is no error: the record is then
	// empty and says so in Corrupt. Where the store knows that a session has
	// expired, its ErrNotFound may have a method Expired() bool, for the flow.
	Load(ctx context.Context, key string) (*Record, error)
	// Create stores a new session, or returns ErrExists. It sets the record's
	// Version.
	Create(ctx context.Context, key string, r *Record) error
	// Update replaces the session of key if it still is the one whose Version
	// the record bears, and sets the new Version. It returns ErrConflict where
	// it is another, and ErrNotFound where it is gone: an update must never
	// create. It replaces an expired one too.
	Update(ctx context.Context, key string, r *Record) error
	// Move stores the session of old under new, and removes old, if that still is the
	// one whose Version the record bears, and sets the new Version. It returns
	// ErrConflict where it is another, ErrNotFound where it is gone, so that a session
	// that was ended stays so, and ErrExists where new is taken. After an error there
	// is no session under new, or only one whose key nobody was told: a store that
	// failed half-way may leave it.
	Move(ctx context.Context, old, new string, r *Record) error
	// Delete removes the session of key. One that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Clearer is implemented by stores in which expired sessions stay until they
// are removed (Django: clear_expired).
type Clearer interface {
	// ClearExpired removes sessions that have expired and returns how many.
	ClearExpired(ctx context.Context) (int64, error)
}

// Finder is implemented by stores that find a session by the beginning of its
// key, at the cost of a look-up in an index.
type Finder interface {
	// FindKeys returns the keys of sessions that begin with prefix, of 8 characters
	// or more, and have not expired. None is no error.
	FindKeys(ctx context.Context, prefix string) ([]string, error)
}

// Walker is implemented by stores that can list what they hold.
type Walker interface {
	// Walk calls f with each session that has not expired and can be read, in no
	// order; those that come or go concurrently may be left out. It reads in pieces, and
	// holds nothing while f runs. An error of f ends it. The error is
	// errors.ErrUnsupported where what the store stands on cannot list.
	Walk(ctx context.Context, f func(key string, d Data) error) error
}

// Record is a session as a store has it.
type Record struct {
	Data Data
	// Expires is zero in what Load returns where the store cannot tell.
	Expires time.Time
	// Version is the store's own mark of this content, opaque to others, by
	// which Update sees whether somebody changed it.
	Version string
	// Corrupt specifies why Data could not be decoded, for instance because another
	// secret key signed it. The session is then empty and keeps its key.
	Corrupt error
	// ReadOnly specifies why the session must not be written back: what is stored
	// holds more than Data can, for instance a Python object in a cache that a
	// Django site shares. Data is the rest, and good to read. Saving a change
	// fails with ErrReadOnly; the session can still be flushed.
	ReadOnly error
	// Key is set by Create, Update and Move of a store whose keys are made of what
	// they hold, as signed cookies are: the session has this key from then on.
	Key string
	// Along returns a context for looking up what Load read in the same statement, such as
	// the user, or is nil.
	Along func(ctx context.Context) context.Context
	// Kept means that Data is kept for other requests too, so that a change works on a copy. The
	// whole record is then not to be changed.
	Kept bool
	// Replace asks that the session be saved though nothing in it changes:
	// Django replaces a signed cookie that cannot be read.
	Replace bool
}

// LogValue hides the content.
func (r Record) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("keys", r.Data.Len()), slog.Time("expires", r.Expires))
}

// String hides the content.
func (r Record) String() string { return r.Data.String() }

// GoString hides the content.
func (r Record) GoString() string { return r.String() }

// Key is a session key, which is a password in all but name, so it does not
// print itself.
type Key string

// String shows the first characters only.
func (k Key) String() string { return flow.Brief(string(k)) }

// GoString shows the first characters only.
func (k Key) GoString() string { return k.String() }

// LogValue shows the first characters only.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
