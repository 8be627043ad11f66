package twofactor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// requires reports whether a user must have a factor.
func (s *Service) requires(ctx context.Context, user *auth.User) (bool, error) {
	switch s.options.Require {
	case RequireAll:
		return true, nil
	case RequireStaff:
		if user.IsStaff || user.IsSuperuser {
			return true, nil
		}
	}
	if len(s.options.RequireGroups) == 0 {
		return false, nil
	}
	groups, err := s.db.UserGroups(ctx, user.ID)
	if err != nil {
		return false, fmt.Errorf("twofactor: %w", err)
	}
	return slices.ContainsFunc(groups, func(g database.Group) bool {
		return slices.Contains(s.options.RequireGroups, g.Name)
	}), nil
}

// CheckGroups returns an error that names the first of Options.RequireGroups that the database lacks.
// Call it at the start of a program: nobody is a member of a group that is not there, so that a wrong
// name would ask nobody for a factor.
func (s *Service) CheckGroups(ctx context.Context) error {
	for _, name := range s.options.RequireGroups {
		_, err := s.db.GroupByName(ctx, name)
		if errors.Is(err, database.ErrNotFound) {
			return fmt.Errorf("twofactor: there is no group %q, whose members must have a second factor "+
				"(Config.RequireGroups, --require-factor-group); create the group, or write its name as "+
				"auth_group has it", name)
		}
		if err != nil {
			return fmt.Errorf("twofactor: %w", err)
		}
	}
	return nil
}
