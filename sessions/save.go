package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

const (
	maxCreates = 5 // a random key is never taken; a store that says so fails

	// mergeTime bounds how long a request tries to save what others change at the same
	// time, where its context has no deadline. A pause between tries grows from
	// firstPause to lastPause.
	mergeTime  = 10 * time.Second
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond

	// maxSame is how often a store may refuse what it has not changed since.
	maxSame = 20
)

// Save stores the session (Django: save). One without a key is created. Where
// another request changed the session concurrently, this request's changes are
// made again on top of it. Where another request deleted it, nothing is stored
// and the error is ErrInterrupted. One that cannot be written back (see
// Record.ReadOnly) is left as it is where nothing in it changed; else the error
// is ErrReadOnly. The middleware calls it.
func (s *Session) Save(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == "" {
		return s.create(ctx)
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.key == "" { // it was not there when it was loaded
		return s.create(ctx)
	}
	if s.readOnly != nil && !s.modified {
		return nil
	}
	return s.update(ctx)
}

func (s *Session) update(ctx context.Context) error {
	return s.store(ctx, "save", func(ctx context.Context, r *Record) (string, error) {
		return s.key, s.engine.store.Update(ctx, s.key, r)
	})
}

// store writes the session by a step that fails with ErrConflict where another request
// changed it concurrently. Then this request's changes are made again on top of it, and the
// step is tried again, until there is no time left. The step returns the key.
func (s *Session) store(ctx context.Context, op string, step func(context.Context, *Record) (string, error)) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, mergeTime)
		defer cancel()
	}
	same := 0
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		record, err := s.record()
		if err != nil {
			return err
		}
		switch key, err := step(ctx, record); {
		case err == nil:
			s.saved(key, record)
			s.emit(ctx, "session.saved", slog.Int("keys", s.data.Len()))
			return nil
		case errors.Is(err, ErrNotFound):
			return s.interrupt(ctx)
		case !errors.Is(err, ErrConflict):
			return &StoreError{Op: op, Err: err}
		}
		if err := rest(ctx, pause); err != nil {
			return &StoreError{Op: op, Err: fmt.Errorf("%w: %w", ErrConflict, err)}
		}
		refused := s.version
		if err := s.merge(ctx); err != nil {
			return err
		}
		if same++; s.version != refused {
			same = 0
		}
		if same > maxSame { // it cannot be compared, a value that was cut off for instance
			return &StoreError{Op: op, Err: ErrConflict}
		}
	}
}

// interrupt remembers that another request ended the session, so that no response of
// this one can pass over it.
func (s *Session) interrupt(ctx context.Context) error {
	s.emit(ctx, "session.interrupted")
	s.interrupted = true
	return ErrInterrupted
}

// Interrupted reports whether another request was found to have ended the session, and
// this request has not begun another since. The response must be a 400 then, as the
// middleware makes it.
func (s *Session) Interrupted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.interrupted
}

// rest lets other requests finish, for a random part of the pause.
func rest(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(pause)):
		return nil
	}
}

// merge loads the session again and repeats this request's changes on it.
func (s *Session) merge(ctx context.Context) error {
	fresh, err := s.engine.loadFresh(ctx, s.key)
	switch {
	case errors.Is(err, ErrNotFound):
		return s.interrupt(ctx)
	case err != nil:
		return &StoreError{Op: "load", Err: err}
	}
	if s.changes.cleared {
		fresh.ReadOnly = nil
	}
	s.shared = false
	data, err := s.changes.replay(fresh.Data)
	if err != nil {
		return err
	}
	s.data, s.version, s.readOnly = data, fresh.Version, fresh.ReadOnly
	s.along = fresh.Along
	s.emit(ctx, "session.merged")
	return nil
}

// record is the session as it is to be stored now.
func (s *Session) record() (*Record, error) {
	if s.readOnly != nil && !s.partial {
		return nil, fmt.Errorf("%w: %w", ErrReadOnly, s.readOnly)
	}
	c := &s.engine.config
	expires, err := s.data.Expiry(time.Now(), c.CookieAge, c.Location)
	if err != nil {
		return nil, err
	}
	return &Record{Data: s.data, Expires: expires, Version: s.version}, nil
}

// saved copies what the store returned for the record.
func (s *Session) saved(key string, r *Record) {
	if r.Key != "" {
		key = r.Key
	}
	s.key, s.version, s.changes = key, r.Version, changes{}
}

// Create stores the session under a new key, whatever key it had (Django:
// create).
func (s *Session) Create(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(ctx)
}

func (s *Session) create(ctx context.Context) error {
	record, err := s.record()
	if err != nil {
		return err
	}
	for range maxCreates {
		key := NewKey()
		err = s.engine.store.Create(ctx, key, record)
		if errors.Is(err, ErrExists) {
			continue
		}
		if err != nil {
			return &StoreError{Op: "create", Err: err}
		}
		s.saved(key, record)
		s.loaded, s.modified = true, true
		s.emit(ctx, "session.created", slog.Int("keys", s.data.Len()))
		return nil
	}
	return &StoreError{Op: "create", Err: fmt.Errorf("%w, %d times in a row", err, maxCreates)}
}

// Flush removes the session from the store with all its data, and forgets its
// key (Django: flush).
func (s *Session) Flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != "" {
		if err := s.engine.store.Delete(ctx, s.key); err != nil {
			return &StoreError{Op: "delete", Err: err}
		}
		s.emit(ctx, "session.deleted")
	}
	for _, key := range [...]Key{Key(s.key), s.lost, s.movedFrom} {
		if key != "" {
			s.ended = append(s.ended, key)
		}
	}
	s.clear()
	s.key, s.version, s.interrupted = "", "", false
	s.lost, s.movedFrom = "", ""
	return nil
}

// CycleKey returns the session a new key and keeps its data, so that a key which
// somebody else may know is worth nothing (Django: cycle_key). The old one is good for
// nothing when it returns. Where another request ended the session concurrently, the error
// is ErrInterrupted, and there is no session under the new key either.
func (s *Session) CycleKey(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cycleKey(ctx)
}

func (s *Session) cycleKey(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	old := s.key
	if old == "" {
		return s.create(ctx)
	}
	if s.beforeMove != nil {
		s.beforeMove(ctx, Key(old))
	}
	err := s.store(ctx, "cycle key", func(ctx context.Context, r *Record) (string, error) {
		key := NewKey()
		err := s.engine.store.Move(ctx, old, key, r)
		for n := 1; n < maxCreates && errors.Is(err, ErrExists); n++ {
			key = NewKey()
			err = s.engine.store.Move(ctx, old, key, r)
		}
		return key, err
	})
	if err != nil {
		return err
	}
	s.modified = true
	if s.movedFrom == "" && !s.began {
		s.movedFrom = Key(old)
	}
	if flow.On(ctx) {
		s.emit(ctx, "session.moved", slog.String("old", flow.Brief(old)))
	}
	return nil
}

// BeforeMove has f called each time before the session gets another key, with the one that it
// has. It must not use the session.
func (s *Session) BeforeMove(f func(ctx context.Context, key Key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beforeMove = f
}

// Begin marks the session as somebody's from now on, by a login, so that what it was
// before is not theirs: MovedFrom is empty from then on.
func (s *Session) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began, s.movedFrom = true, ""
}

// MovedFrom returns the key of a live session that this request found and moved to
// another key, or "".
func (s *Session) MovedFrom() Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.movedFrom
}

// Ended returns the keys of the sessions that this request ended, and a key that it meant
// to end and under which there was no session any more: another request may have moved
// that one concurrently.
func (s *Session) Ended() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}
