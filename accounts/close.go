package accounts

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

// CloseAccount closes the account of a user, who asked for it: all sessions end, and
// nobody can sign in any more. The row stays, switched off and without its password
// and address, since other tables of the site may refer to it; with
// Config.DeleteClosed it goes, as by DeleteUser. A mail says goodbye.
func (s *Service) CloseAccount(r *http.Request, user *auth.User) error {
	ctx := r.Context()
	goodbye := job{Kind: "account_closed", To: user.Email, Lang: s.language(r), Username: user.Username}
	if _, err := s.removeAll(ctx, user.ID); err != nil {
		return err
	}
	if err := s.close(ctx, user); err != nil {
		return fmt.Errorf("accounts: close account: %w", err)
	}
	s.log.InfoContext(ctx, "account closed by its user", "user", user.ID)
	if goodbye.To == "" || s.config.Mail == nil {
		return nil
	}
	if err := s.enqueue(ctx, goodbye); err != nil { // the account is closed all the same
		s.log.ErrorContext(ctx, "a user could not be told of a change", "mail", "account_closed", "user", user.ID, "error", err)
	}
	return nil
}

func (s *Service) close(ctx context.Context, user *auth.User) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
		for _, kind := range [...]string{kindEmail, kindDisown} {
			if err := tx.DeleteLinks(ctx, user.ID, kind); err != nil {
				return err
			}
		}
		if s.config.DeleteClosed {
			return tx.DeleteUser(ctx, user.ID)
		}
		if err := tx.SetPassword(ctx, user.ID, password.Unusable()); err != nil {
			return err
		}
		closed := *user
		closed.IsActive = false
		if !s.auth.UsernameIsEmail() {
			closed.Email, closed.FirstName, closed.LastName = "", "", ""
		}
		return tx.UpdateUser(ctx, &closed)
	})
}
