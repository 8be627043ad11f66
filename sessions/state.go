package sessions

import (
	"cmp"
	"context"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

// State loads the session, if it is not yet, and returns what the store made of its key:
// "session.loaded"; "session.none" if there is no key; "session.missing" if the store has no
// session under it, or did not sign it; "session.expired" if it can tell that it had one;
// "session.bad_signature" and "session.corrupt" if its data was signed by another key, or cannot
// be decoded, so that it is empty. The error is a failure of the store, a StoreError.
func (s *Session) State(ctx context.Context) (flow.Code, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return "", err
	}
	switch {
	case s.key == "" && s.lost != "", s.refused:
		return cmp.Or(s.gone, "session.missing"), nil
	case s.key == "":
		return "session.none", nil
	case s.corrupt != "":
		return s.corrupt, nil
	}
	return "session.loaded", nil
}

// Along returns ctx with what the store read along with the session, for looking that up; see
// Record.Along. Where there is nothing it is ctx.
func (s *Session) Along(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.along == nil {
		return ctx
	}
	return s.along(ctx)
}

// Expires returns when the session ends, as it was stored when it was loaded; it is zero if
// it was not loaded, or its store cannot tell.
func (s *Session) Expires() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expires
}
