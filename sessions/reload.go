package sessions

import "context"

// Reload reads the session again, because something says that what was read before is
// out of date, and makes the changes of this request on top of it. The error is
// ErrInterrupted if the session is gone, or a failure of the store.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == "" {
		return ErrInterrupted
	}
	return s.merge(ctx)
}

// freshLoader is implemented by what keeps sessions in memory.
type freshLoader interface {
	// LoadFresh is Store.Load, of what is stored.
	LoadFresh(ctx context.Context, key string) (*Record, error)
}

// loadFresh loads what is stored, whatever memory has.
func (e *Engine) loadFresh(ctx context.Context, key string) (*Record, error) {
	if f, ok := e.store.(freshLoader); ok {
		return f.LoadFresh(ctx, key)
	}
	return e.store.Load(ctx, key)
}

// Reread reads a session again, if what was loaded may have come from memory: nobody is to be
// signed out because of what is there. It does so once, and reports whether it did. The error is
// a failure of the store, or ErrInterrupted where the request changed a session that is gone.
func (s *Session) Reread(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, kept := s.engine.store.(freshLoader); !kept || s.reread || !s.loaded || s.key == "" {
		return false, nil
	}
	s.reread = true
	if s.changes.cleared || len(s.changes.list) > 0 {
		return true, s.merge(ctx)
	}
	s.loaded = false
	return true, s.load(ctx)
}
