package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/sessions"
)

// Look lists where the user is signed in, as Sessions does, and writes nothing but what this
// node has seen already: it works on a database that takes no writes. Where the engine keeps
// rows in the database it also walks through all of them, and finds the sessions that a Django
// made and the index has not seen; FirstSeen and LastSeen of these are zero. Current is false
// for all. It returns at most 200.
func (s *Service) Look(ctx context.Context, user *auth.User) ([]SessionInfo, error) {
	s.settle(ctx, user.ID)
	all, err := s.listIndexed(ctx, user, nil, "", s.open)
	if err != nil {
		return nil, err
	}
	return s.lookRows(ctx, user, all)
}

// errFull ends a walk.
var errFull = errors.New("the list is full")

// lookRows adds the sessions of the table that the index does not have.
func (s *Service) lookRows(ctx context.Context, user *auth.User, all []SessionInfo) ([]SessionInfo, error) {
	store := s.sessions.Config().Store
	walker, walks := store.(sessions.Walker)
	if _, rows := store.(sessions.Finder); !rows || !walks {
		return all, nil
	}
	ending, err := s.own.Ending(ctx, user.ID)
	if err != nil {
		return nil, fmt.Errorf("accounts: look for sessions: %w", err)
	}
	known := map[string]bool{}
	for _, one := range all {
		known[one.ID] = true
	}
	err = walker.Walk(ctx, func(key string, data sessions.Data) error {
		if len(all) == maxListed {
			return errFull
		}
		if id := keyHash(key); !known[id] && s.auth.Holds(data, user, ending) {
			all = append(all, SessionInfo{ID: id, Method: MethodElsewhere})
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) && !errors.Is(err, errors.ErrUnsupported) {
		return nil, fmt.Errorf("accounts: look for sessions: %w", err)
	}
	return all, nil
}
