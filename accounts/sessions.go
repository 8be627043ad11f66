package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/sessions"
)

// SessionInfo is one place where a user is signed in.
type SessionInfo struct {
	// ID names the session to EndSession. No key can be found by it.
	ID string
	// Current says that it is the session of the request.
	Current bool
	// Method is how the user signed in: MethodPassword and so on.
	Method string
	// Browser and System are in words, "Firefox" and "Linux"; either may be empty.
	Browser string
	System  string
	// UserAgent is what they were found in; IP is where the last request came from.
	UserAgent string
	IP        string
	// FirstSeen and LastSeen are to a few minutes.
	FirstSeen time.Time
	LastSeen  time.Time
}

// ErrNoSession: the user is not signed in to such a session, or not any more.
var ErrNoSession = errors.New("accounts: there is no such session")

// SessionID is the ID of SessionInfo by the session's key.
func SessionID(key sessions.Key) string { return keyHash(string(key)) }

// Sessions lists where the user is signed in, the present session first, then the
// last seen first, at most 200. The cost is that of the sessions that the user
// has. Those that ended are left out, and out of the index. Current is the key of
// the session of the request, or empty.
func (s *Service) Sessions(ctx context.Context, user *auth.User, current sessions.Key) ([]SessionInfo, error) {
	var all []SessionInfo
	err := s.each(ctx, user, func(row database.IndexedSession, _ *sessions.Session) error {
		info := SessionInfo{
			ID: row.KeyHash, Current: row.KeyHash == keyHash(string(current)), Method: row.Method,
			UserAgent: row.UserAgent, IP: row.IP, FirstSeen: row.Created, LastSeen: row.LastSeen,
		}
		info.Browser, info.System = device.Describe(row.UserAgent)
		if info.Current {
			all = append([]SessionInfo{info}, all...)
		} else {
			all = append(all, info)
		}
		return nil
	})
	return all, err
}

// each calls f for the live sessions of a user.
func (s *Service) each(ctx context.Context, user *auth.User, f func(database.IndexedSession, *sessions.Session) error) error {
	rows, err := s.db.IndexedSessions(ctx, user.ID, maxListed)
	if err != nil {
		return err
	}
	for _, row := range rows {
		session, err := s.open(ctx, row, user)
		switch {
		case errors.Is(err, errNotTheirs):
			err = s.db.DeleteIndexedSession(ctx, row.KeyHash)
		case err == nil:
			err = f(row, session)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// EndSession ends one session of the user, wherever it was made: at its next
// request nobody is signed in. The error is ErrNoSession where the user has no
// such session, or an outage.
func (s *Service) EndSession(ctx context.Context, user *auth.User, id string) error {
	found := false
	err := s.each(ctx, user, func(row database.IndexedSession, session *sessions.Session) error {
		if row.KeyHash != id {
			return nil
		}
		found = true
		return s.end(ctx, row, session)
	})
	if err == nil && !found {
		err = ErrNoSession
	}
	return err
}

// EndOtherSessions ends all sessions of the user but the present one, and says how
// many. With an empty key it ends all.
func (s *Service) EndOtherSessions(ctx context.Context, user *auth.User, current sessions.Key) (int, error) {
	ended := 0
	for {
		before := ended
		err := s.each(ctx, user, func(row database.IndexedSession, session *sessions.Session) error {
			if current != "" && row.KeyHash == keyHash(string(current)) {
				return nil
			}
			ended++
			return s.end(ctx, row, session)
		})
		if err != nil || ended-before < maxListed-1 { // else there may be more
			return ended, err
		}
	}
}

// end removes a session, and then its row.
func (s *Service) end(ctx context.Context, row database.IndexedSession, session *sessions.Session) error {
	key := string(session.Key())
	if err := session.Flush(ctx); err != nil {
		return err
	}
	s.recent.forget(key)
	s.log.InfoContext(ctx, "session ended by its user", "user", row.UserID)
	return s.db.DeleteIndexedSession(ctx, row.KeyHash)
}
