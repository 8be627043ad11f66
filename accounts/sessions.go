package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// SessionInfo is one place where a user is signed in.
type SessionInfo struct {
	// ID names the session to EndSession. No key can be found by it.
	ID string
	// Current means that it is the session of the request.
	Current bool
	// Bound means that the session is bound to its device, so that its cookie is worth nothing
	// on another one.
	Bound bool
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

// SessionConfig returns the settings of the sessions.
func (s *Service) SessionConfig() sessions.Config { return s.sessions.Config() }

// maxListed is how many sessions of one user are listed.
const maxListed = 200

// Sessions lists where the user is signed in, the present session first, then the
// last seen first, at most 200. The cost is that of the sessions that the user
// has. Those that ended are left out, and out of the index. Current is the key of
// the session of the request, or empty.
func (s *Service) Sessions(ctx context.Context, user *auth.User, current sessions.Key) ([]SessionInfo, error) {
	s.settle(ctx, user.ID)
	var all []SessionInfo
	present := keyHash(string(current))
	if row, session, err := s.live(ctx, user, present); err == nil {
		all = append(all, info(row, session, true))
	} else if !errors.Is(err, ErrNoSession) {
		return nil, err
	}
	return s.listIndexed(ctx, user, all, present, s.openOrForget)
}

// listIndexed adds to a list what open finds of the sessions in the index, the last seen
// first, but for the one that has the key's hash listed, until the list is full.
func (s *Service) listIndexed(
	ctx context.Context, user *auth.User, all []SessionInfo, listed string,
	open func(context.Context, own.IndexedSession, *auth.User) (*sessions.Session, error),
) ([]SessionInfo, error) {
	var last own.IndexedSession
	for {
		rows, err := s.own.IndexedSessions(ctx, user.ID, last, maxListed)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			last = row
			if row.KeyHash == listed {
				continue
			}
			switch session, err := open(ctx, row, user); {
			case errors.Is(err, ErrNoSession):
			case err != nil:
				return nil, err
			default:
				if all = append(all, info(row, session, false)); len(all) == maxListed {
					return all, nil
				}
			}
		}
		if len(rows) < maxListed {
			return all, nil
		}
	}
}

// info is a row as users see it.
func info(row own.IndexedSession, session *sessions.Session, current bool) SessionInfo {
	_, bound := session.Peek(sessionkeys.Bound)
	i := SessionInfo{
		ID: row.KeyHash, Current: current, Bound: bound, Method: row.Method,
		UserAgent: row.UserAgent, IP: row.IP, FirstSeen: row.Created, LastSeen: row.LastSeen,
	}
	i.Browser, i.System = device.Describe(row.UserAgent)
	return i
}

// live is a session and its row by its hash if the user is signed in to it; else the
// error is ErrNoSession.
func (s *Service) live(
	ctx context.Context, user *auth.User, hash string,
) (own.IndexedSession, *sessions.Session, error) {
	row, err := s.own.IndexedSession(ctx, hash)
	if errors.Is(err, database.ErrNotFound) || err == nil && row.UserID != user.ID {
		return own.IndexedSession{}, nil, ErrNoSession
	}
	if err != nil {
		return own.IndexedSession{}, nil, err
	}
	session, err := s.openOrForget(ctx, *row, user)
	return *row, session, err
}

// openOrForget loads a session of the index. One that has ended leaves the index, and
// is ErrNoSession.
func (s *Service) openOrForget(ctx context.Context, row own.IndexedSession, user *auth.User) (*sessions.Session, error) {
	session, err := s.open(ctx, row, user)
	if errors.Is(err, ErrNoSession) {
		if err := s.own.DeleteIndexedSession(ctx, row.KeyHash); err != nil {
			return nil, err
		}
	}
	return session, err
}

// open loads a session of the index; ErrNoSession if the user is not signed in to it.
func (s *Service) open(ctx context.Context, row own.IndexedSession, user *auth.User) (*sessions.Session, error) {
	key, err := s.find(ctx, row)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, ErrNoSession
	}
	session := s.sessions.Session(key)
	theirs, err := s.auth.SignedIn(ctx, session, user)
	if err == nil && !theirs {
		err = ErrNoSession
	}
	return session, err
}

// EndSession ends one session of the user, wherever it was made: at its next
// request nobody is signed in. The error is ErrNoSession where the user has no
// such session, or a failure of the store.
func (s *Service) EndSession(ctx context.Context, user *auth.User, id string) error {
	row, _, err := s.live(ctx, user, id)
	if err != nil {
		return err
	}
	if err := s.endRow(ctx, user, row); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "session ended by its user", requestinfo.LogClient(ctx), "user", user.ID)
	return nil
}

// endRow ends a session of the index.
func (s *Service) endRow(ctx context.Context, user *auth.User, row own.IndexedSession) error {
	key, err := s.find(ctx, row)
	if err == nil {
		err = s.aroundEnding(ctx, user, row.KeyHash, func(ctx context.Context) error {
			return s.sessions.Session(key).Flush(ctx)
		})
	}
	if err != nil {
		return fmt.Errorf("accounts: end session: %w", err)
	}
	s.forget(ctx, key)
	return s.record(ctx, audit.Event{Code: "session-ended", User: user, Session: sessions.Key(key)})
}

// EndOtherSessions ends all sessions of the user but the present one, wherever they were
// made and whatever the index knows of them, also those that begin before it returns,
// and returns how many were removed. With an empty key it ends all. In a store of very
// many sessions those that only a Django has seen may be removed a little later, by
// Run; they sign nobody in here any more. The error is sessions.ErrInterrupted if the
// present session has ended itself, or a failure of the store.
func (s *Service) EndOtherSessions(ctx context.Context, user *auth.User, current sessions.Key) (int, error) {
	return s.endAll(ctx, user, current, walkTime)
}
