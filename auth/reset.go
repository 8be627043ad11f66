package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
)

// MakeResetToken returns the token of a link by which the user sets a new
// password; see [PasswordResetTokenGenerator]. Django:
// default_token_generator.make_token.
func (s *Service) MakeResetToken(u *User) string { return s.tokens.Make(u) }

// CheckResetToken reports whether the token of a link is one of the user. Django:
// default_token_generator.check_token.
func (s *Service) CheckResetToken(u *User, token string) bool { return s.tokens.Check(u, token) }

// VerifyResetToken is CheckResetToken that returns the reason why not, one of the errors of
// package resettoken, and when the token says that it was made.
func (s *Service) VerifyResetToken(u *User, token string) (made time.Time, err error) {
	return s.tokens.Verify(u, token)
}

// PasswordResetTimeout returns how long the token of a link is valid for.
func (s *Service) PasswordResetTimeout() time.Duration {
	return s.tokens.Timeout()
}

// UserByUID finds the user that a link names, active or not, or returns
// ErrNoUser. Any other error is a failure of the store. Django: PasswordResetConfirmView's
// get_user. (Numbers that are not in the form of a link, such as " 1" or "1_0",
// name nobody here; Django's int reads them.)
func (s *Service) UserByUID(ctx context.Context, uidb64 string) (*User, error) {
	id, err := resettoken.DecodeUID(uidb64)
	if err != nil {
		return nil, ErrNoUser
	}
	user, err := s.users.UserByID(ctx, id)
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrNoUser
	}
	if err != nil {
		return nil, fmt.Errorf("auth: find user: %w", err)
	}
	return user, nil
}
