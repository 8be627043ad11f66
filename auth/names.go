package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth/audit"
)

// nameKeeper writes the name of a user and nothing else; a *database.DB is one.
type nameKeeper interface {
	HasNames() bool
	UpdateName(ctx context.Context, u *User) error
}

// HasNames reports whether users have a first and a last name that UpdateName can store.
func (s *Service) HasNames() bool {
	keeper, ok := s.users.(nameKeeper)
	return ok && keeper.HasNames()
}

// UpdateName stores the FirstName and LastName of a user, and nothing else of the user. It
// returns database.ErrInvalid for a name of more than 150 characters or one that a column
// cannot hold, or a failure of the database.
func (s *Service) UpdateName(ctx context.Context, user *User) error {
	keeper, ok := s.users.(nameKeeper)
	if !ok {
		return errors.New("auth: update name: Config.Users has no UpdateName")
	}
	told := audit.Event{Code: "name-changed", User: user}
	if err := s.recorded(ctx, told, func(ctx context.Context) error {
		return keeper.UpdateName(ctx, user)
	}); err != nil {
		return fmt.Errorf("auth: update name: %w", err)
	}
	return nil
}
