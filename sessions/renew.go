package sessions

import (
	"context"
	"log/slog"
)

// ReadOnly reports whether the session, as far as it was loaded, cannot be saved with a
// change: see Record.ReadOnly.
func (s *Session) ReadOnly() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readOnly != nil
}

// Renew is CycleKey for steps that must not fail because of what another program stored,
// such as a login. What cannot be written back (see Record.ReadOnly) ends with the old
// key; the session under the new one has the rest and can be saved.
func (s *Session) Renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = true
	defer func() { s.partial = false }()
	if err := s.cycleKey(ctx); err != nil {
		return err
	}
	if s.readOnly != nil {
		s.emit(ctx, "session.left_behind", slog.Any("reason", s.readOnly))
		s.readOnly = nil
	}
	return nil
}
