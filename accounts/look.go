package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/sessions"
)

// Look lists where the user is signed in, as Sessions does, and writes nothing: it works on a
// database that takes no writes. Where the engine keeps rows in the database it also walks
// through all of them, and finds the sessions that a Django made and the index has not seen;
// FirstSeen and LastSeen of these are zero. Current is false for all. It returns at most 200.
func (s *Service) Look(ctx context.Context, user *auth.User) ([]SessionInfo, error) {
	all, err := s.lookIndex(ctx, user)
	if err != nil {
		return nil, err
	}
	return s.lookRows(ctx, user, all)
}

// lookIndex lists the sessions of the index.
func (s *Service) lookIndex(ctx context.Context, user *auth.User) (all []SessionInfo, err error) {
	var last own.IndexedSession
	for {
		rows, err := s.own.IndexedSessions(ctx, user.ID, last, maxListed)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			last = row
			switch _, err := s.open(ctx, row, user); {
			case errors.Is(err, ErrNoSession):
			case err != nil:
				return nil, err
			default:
				if all = append(all, info(row, false)); len(all) == maxListed {
					return all, nil
				}
			}
		}
		if len(rows) < maxListed {
			return all, nil
		}
	}
}

// lookRows adds the sessions of the table that the index does not have.
func (s *Service) lookRows(ctx context.Context, user *auth.User, all []SessionInfo) ([]SessionInfo, error) {
	if _, ok := s.sessions.Config().Store.(sessions.Finder); !ok {
		return all, nil
	}
	known := map[string]bool{}
	for _, one := range all {
		known[one.ID] = true
	}
	var last database.Session
	for len(all) < maxListed {
		rows, err := s.db.SessionsAfter(ctx, last, batch)
		if err != nil {
			return nil, fmt.Errorf("accounts: look for sessions: %w", err)
		}
		for _, row := range rows {
			last = row
			if known[keyHash(row.Key)] || len(all) == maxListed {
				continue
			}
			theirs, err := s.signsIn(ctx, row, user)
			if err != nil {
				return nil, err
			}
			if theirs {
				all = append(all, SessionInfo{ID: keyHash(row.Key), Method: MethodElsewhere})
			}
		}
		if len(rows) < batch {
			break
		}
	}
	return all, nil
}

// signsIn reports whether a row of the table is a session that the user is signed in to.
func (s *Service) signsIn(ctx context.Context, row database.Session, user *auth.User) (bool, error) {
	data, err := s.codec.Decode(row.Data)
	if err != nil || row.Expires.Before(s.now()) {
		return false, nil //nolint:nilerr // nobody is signed in to what cannot be read
	}
	raw, _ := data.Get(sessionkeys.UserID)
	if strings.Trim(raw, `"`) != user.ID {
		return false, nil
	}
	return s.auth.SignedIn(ctx, s.sessions.Session(row.Key), user)
}
