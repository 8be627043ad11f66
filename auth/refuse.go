package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// ErrLoginElsewhere: the user must log in at the site that asks for more than a password, by
// Config.LoginConditions or because a Factor says so.
var ErrLoginElsewhere = errors.New("auth: this user logs in at the Django site")

// conditioner is what Users must have for login conditions; a *database.DB has it.
type conditioner interface {
	RefusesLogin(ctx context.Context, conditions []database.LoginCondition, userID string) (bool, error)
}

// mayLogin returns ErrLoginElsewhere if a condition refuses the user.
func (s *Service) mayLogin(ctx context.Context, user *User) error {
	if len(s.conditions) == 0 {
		return nil
	}
	refused, err := s.users.(conditioner).RefusesLogin(ctx, s.conditions, user.ID)
	if err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	if refused {
		s.log.InfoContext(ctx, "login refused: a login condition sends the user to the Django site", requestinfo.LogClient(ctx), "user", user.ID)
		return ErrLoginElsewhere
	}
	return nil
}
