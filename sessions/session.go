package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/signing"
)

// ErrInterrupted: the session was deleted while this request ran, for instance
// by a logout in another tab; nothing was saved (Django: SessionInterrupted,
// refused with 400).
var ErrInterrupted = errors.New("sessions: the request's session was deleted before the request completed. " +
	"The user may have logged out in a concurrent request, for example")

// Session is the session of one request (Django: request.session). It loads
// when it is first read or written. It is safe for use by several goroutines,
// and of no use after the request.
type Session struct {
	engine *Engine

	mu       sync.Mutex // guards what follows
	key      string     // "" for none
	loaded   bool
	data     Data
	version  string // the store's mark of what was loaded or saved last
	changes  changes
	shared   bool // data is to be copied before a change: see Record.Kept
	reread   bool // see Reread
	accessed bool
	modified bool
	readOnly error     // Record.ReadOnly of what was loaded
	partial  bool      // see Renew
	corrupt  flow.Code // of what was loaded and could not be decoded, or empty
	gone     flow.Code // of a key under which there is no session, or not any more
	refused  bool      // what was loaded is none: see Record.Replace
	expires  time.Time // Record.Expires of what was loaded

	along func(context.Context) context.Context // Record.Along of what was loaded; may be nil

	detached    bool // see Detach
	lost        Key  // that the client sent, and under which there was no session
	began       bool // see Begin
	movedFrom   Key  // see MovedFrom
	beforeMove  func(context.Context, Key)
	ended       []Key // see Ended
	interrupted bool  // see Interrupted
}

// Key returns the session key, or "" where the session has none yet.
func (s *Session) Key() Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Key(s.key)
}

// Logger is the one of the engine's configuration.
func (s *Session) Logger() *slog.Logger { return s.engine.config.Logger }

// Accessed reports whether the session was read or written (Django: accessed).
func (s *Session) Accessed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accessed
}

// Modified reports whether the session has to be saved (Django: modified).
func (s *Session) Modified() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.modified
}

// Unsaved reports whether there are changes that were not saved, which is how the
// middleware notices changes that come too late.
func (s *Session) Unsaved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.changes.list) > 0
}

// SetModified marks the session as changed though nothing in it was, which
// moves its expiry (Django: session.modified = True).
func (s *Session) SetModified() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modified = true
}

// IsEmpty reports whether there is neither a key nor data (Django: is_empty).
func (s *Session) IsEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key == "" && s.data.Len() == 0
}

// Get returns the JSON text stored under key; ok is false where there is none.
// The function sessions.Get decodes it too.
func (s *Session) Get(ctx context.Context, key string) (text string, ok bool, err error) {
	return s.raw(ctx, key)
}

// Text returns the string stored under key, or "" where there is none or a
// value of another kind.
func (s *Session) Text(ctx context.Context, key string) (string, error) {
	raw, _, err := s.raw(ctx, key)
	text, _ := pyjson.Unquote(raw)
	return text, err
}

// Peek returns the JSON text stored under key as far as the session has been
// loaded: it never asks the store, and there is nothing in one that nobody asked
// for.
func (s *Session) Peek(key string) (text string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.Get(key)
}

func (s *Session) raw(ctx context.Context, key string) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return "", false, err
	}
	text, ok := s.data.Get(key)
	return text, ok, nil
}

// Data returns a copy of all that the session holds.
func (s *Session) Data(ctx context.Context) (Data, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return Data{}, err
	}
	return s.data.Clone(), nil
}

// Set stores v under key as JSON, by the rules of encoding/json. A float64 is
// a float in Python too, NaN included.
func (s *Session) Set(ctx context.Context, key string, v any) error {
	text, err := pyjson.Marshal(v)
	if err != nil {
		return fmt.Errorf("sessions: set %q: %w", key, err)
	}
	return s.setRaw(ctx, key, text)
}

func (s *Session) setRaw(ctx context.Context, key, text string) error {
	return s.change(ctx, change{key: key, set: text})
}

// Delete removes key and reports whether it was there (Django: del and pop).
func (s *Session) Delete(ctx context.Context, key string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return false, err
	}
	if _, ok := s.data.Get(key); !ok {
		return false, nil
	}
	return true, s.apply(change{key: key, delete: true})
}

// Clear removes all keys and keeps the session key (Django: clear).
func (s *Session) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *Session) clear() {
	s.data, s.loaded, s.readOnly, s.corrupt, s.along = Data{}, true, nil, "", nil
	s.refused, s.shared = false, false
	s.changes = changes{cleared: true}
	s.accessed, s.modified = true, true
}

// change applies a change to the loaded session and remembers it for a merge.
func (s *Session) change(ctx context.Context, c change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.apply(c)
}

func (s *Session) apply(c change) error {
	if s.shared {
		s.data, s.shared = s.data.Clone(), false
	}
	if err := c.apply(&s.data); err != nil {
		return err
	}
	s.changes.list = append(s.changes.list, c)
	s.modified = true
	return nil
}

// load fetches the session on first use. Where the store has none under the
// key, the key is dropped, so that a key which a client invented is never adopted.
func (s *Session) load(ctx context.Context) error {
	s.accessed = true
	if s.loaded {
		return nil
	}
	if s.key == "" {
		flow.Emit(ctx, "session.none")
		s.loaded = true
		return nil
	}
	load := s.engine.store.Load
	if s.reread {
		load = s.engine.loadFresh
	}
	record, err := load(ctx, s.key)
	switch {
	case errors.Is(err, ErrNotFound):
		s.gone = missingCode(err)
		s.emit(ctx, s.gone)
		s.lost, s.key = Key(s.key), ""
	case err != nil:
		s.emit(ctx, "session.failed", slog.Any("error", err))
		return &StoreError{Op: "load", Err: err}
	default:
		s.data, s.version, s.readOnly = record.Data, record.Version, record.ReadOnly
		s.expires, s.along, s.shared = record.Expires, record.Along, record.Kept
		s.modified = s.modified || record.Replace
		s.check(ctx, record)
	}
	s.loaded = true
	return nil
}

// check examines what was loaded, and warns where it is corrupt.
func (s *Session) check(ctx context.Context, r *Record) {
	if r.Corrupt != nil {
		s.corrupt = "session.corrupt"
		if errors.Is(r.Corrupt, signing.ErrBadSignature) {
			s.corrupt = "session.bad_signature"
		}
		s.emit(ctx, s.corrupt, slog.Any("reason", r.Corrupt))
		// Without the context, by which a log handler could ask for this very
		// session and wait forever.
		s.engine.config.Logger.Warn("Session data corrupted", "key", Key(s.key), "reason", r.Corrupt)
		return
	}
	if s.refused = r.Replace && r.Data.Len() == 0; s.refused {
		s.gone = "session.missing"
		if !r.Expires.IsZero() {
			s.gone = "session.expired"
		}
		s.emit(ctx, s.gone)
		return
	}
	if !flow.On(ctx) {
		return
	}
	attrs := []slog.Attr{slog.Int("keys", r.Data.Len())}
	if !r.Expires.IsZero() {
		attrs = append(attrs, slog.String("expires", r.Expires.UTC().Format("2006-01-02 15:04:05Z")))
	}
	if r.ReadOnly != nil {
		attrs = append(attrs, slog.Any("readonly", r.ReadOnly))
	}
	s.emit(ctx, "session.loaded", attrs...)
}

// missingCode is the code of an error by which a store says that there is no session.
func missingCode(err error) flow.Code {
	var expired interface{ Expired() bool }
	if errors.As(err, &expired) && expired.Expired() {
		return "session.expired"
	}
	return "session.missing"
}

// emit reports a step to the flow, with the key shortened.
func (s *Session) emit(ctx context.Context, code flow.Code, attrs ...slog.Attr) {
	if flow.On(ctx) {
		flow.Emit(ctx, code, append([]slog.Attr{slog.String("key", flow.Brief(s.key))}, attrs...)...)
	}
}

// StoreError wraps what a store returned when it failed. It means a failure of the store,
// never that a session does not exist.
type StoreError struct {
	Op  string // load, save, create or delete
	Err error
}

// Error names the operation.
func (e *StoreError) Error() string { return "sessions: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Err }
