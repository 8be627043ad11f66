package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/userfields"
)

// UserFields returns the fields that the user model declares; see database.UserModel.Fields.
func (s *Service) UserFields() []userfields.Field {
	if m, ok := s.users.(modeler); ok {
		return m.UserModel().Fields
	}
	return nil
}

// extraKeeper writes the site's own columns of a user and nothing else; a *database.DB is one.
type extraKeeper interface {
	UpdateExtra(ctx context.Context, u *User) error
}

// UpdateFields stores values of the fields of a user, by name, and nothing else of the user.
// The values are those of userfields.Field.Clean. The user has them afterwards. It returns
// database.ErrInvalid for a value that a column cannot hold, or a failure of the database.
func (s *Service) UpdateFields(ctx context.Context, user *User, values map[string]any) error {
	keeper, ok := s.users.(extraKeeper)
	if !ok {
		return errors.New("auth: update fields: Config.Users has no UpdateExtra")
	}
	changed := *user
	for name, value := range values {
		changed.SetExtra(name, value)
	}
	told := audit.Event{Code: "profile-changed", User: user}
	if err := s.recorded(ctx, told, func(ctx context.Context) error {
		return keeper.UpdateExtra(ctx, &changed)
	}); err != nil {
		return fmt.Errorf("auth: update fields: %w", err)
	}
	*user = changed
	return nil
}
