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
