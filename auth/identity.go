package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/database"
)

// looseFinder finds users by what backends of the program's own may sign them in
// with; a *database.DB is one.
type looseFinder interface {
	UserByUsernameFold(ctx context.Context, username string) (*User, error)
	UsersByEmail(ctx context.Context, email string) ([]*User, error)
}

// identify says whose account a typed username is meant to open, in one spelling,
// so that guesses count together whatever was typed: the user's ID where there is
// such a user, else the text as SameIdentifier compares it. The user is nil where
// there is none. It asks the database the same, be there a user or not.
//
// Backends of the program's own may find users in other ways than by the exact
// username. Where there are any, a name in another case and an e-mail address
// that one user alone has are that user's, too.
func (s *Service) identify(ctx context.Context, username string) (*User, string, error) {
	user, err := s.users.UserByUsername(ctx, username)
	if err = unlessAbsent(err); err != nil {
		return nil, "", err
	}
	if s.loose != nil {
		folded, err := s.loose.UserByUsernameFold(ctx, username)
		if err = unlessAbsent(err); err != nil {
			return nil, "", err
		}
		if user == nil {
			user = folded
		}
		if strings.Contains(username, "@") {
			owners, err := s.loose.UsersByEmail(ctx, username)
			if err = unlessAbsent(err); err != nil {
				return nil, "", err
			}
			if user == nil && len(owners) == 1 {
				user = owners[0]
			}
		}
	}
	if user != nil {
		return user, "id:" + user.ID, nil
	}
	return nil, foldBounded(username), nil
}

func unlessAbsent(err error) error {
	if err == nil || errors.Is(err, database.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("auth: find user: %w", err)
}

// maxFolded is beyond every username and e-mail address in bytes.
const maxFolded = 4 * MaxEmail

// foldBounded is FoldIdentifier for a text of any length: one that is too long for
// an account stays as it is.
func foldBounded(text string) string {
	if len(text) > maxFolded {
		return "long:" + text
	}
	return "text:" + FoldIdentifier(text)
}
