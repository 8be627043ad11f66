package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
)

// closing specifies what becomes of the row of a closed account.
type closing struct {
	deleted bool
	email   string // what the column has after it; mostly nothing
}

// CloseAccount closes the account of a user, who asked for it: all sessions and links
// end, and nobody can sign in any more. The row stays, inactive and without its password
// and address, since other tables of the site may refer to it; with
// Config.DeleteClosed it goes, as by DeleteUser, unless rows of other tables do refer to
// it. An email says goodbye.
func (s *Service) CloseAccount(r *http.Request, user *auth.User) error {
	ctx, how := r.Context(), closing{deleted: s.config.DeleteClosed}
	err := s.closeAs(r, user, how)
	if how.deleted && errors.Is(err, database.ErrReferenced) {
		s.log.WarnContext(ctx, "a closed account is inactive and not deleted as --delete-closed (Config.DeleteClosed) says: "+
			"rows of other tables refer to its user", "user", user.ID, "error", err)
		how.deleted = false
		err = s.closeAs(r, user, how)
	}
	if errors.Is(err, database.ErrDuplicate) { // the column is unique, and another one was closed before
		how.email = "closed-" + user.ID + "@closed.invalid"
		err = s.closeAs(r, user, how)
	}
	if err != nil {
		return fmt.Errorf("accounts: close account: %w", err)
	}
	closed := *user
	closed.Password = password.Unusable() // not that of the row, but no session was made with either
	s.tidy(ctx, &closed)
	s.log.InfoContext(ctx, "account closed by its user", requestinfo.LogClient(ctx), "user", user.ID)
	return nil
}

// closeAs closes the account, with its email, or changes nothing.
func (s *Service) closeAs(r *http.Request, user *auth.User, how closing) error {
	return s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		event := &hooks.Event{User: user, Request: r}
		if err := s.auth.Hooks().Closed.Around(ctx, tx.db, event, func(ctx context.Context) error {
			return tx.close(ctx, user, how)
		}); err != nil {
			return err
		}
		if err := tx.record(ctx, audit.Event{Code: "account-closed", User: user, Request: r}); err != nil {
			return err
		}
		if user.Email == "" || s.config.Mail == nil {
			return nil
		}
		return tx.enqueue(ctx, job{Kind: "account_closed", To: user.Email, Lang: s.language(r), Username: user.Username})
	})
}

// close ends every session by the number and by the password, and every link.
func (s *Service) close(ctx context.Context, user *auth.User, how closing) error {
	if _, err := s.own.NextEnding(ctx, user.ID, s.now()); err != nil {
		return err
	}
	if err := s.deleteLinks(ctx, user.ID); err != nil {
		return err
	}
	if own.Missing(s.db, own.TOTPTable, own.RecoveryTable) == nil {
		if _, err := s.own.RemoveTOTP(ctx, user.ID); err != nil {
			return err
		}
	}
	if _, err := s.RemovePasskeys(ctx, user); err != nil {
		return err
	}
	if err := s.removeOIDC(ctx, user); err != nil {
		return err
	}
	if err := s.removeBindings(ctx, user.ID); err != nil {
		return err
	}
	if how.deleted {
		return s.db.DeleteUser(ctx, user.ID)
	}
	if err := s.db.SetPassword(ctx, user.ID, password.Unusable()); err != nil {
		return err
	}
	closed := *user
	closed.IsActive = false
	if !s.auth.UsernameIsEmail() {
		closed.Email, closed.FirstName, closed.LastName = how.email, "", ""
	}
	return s.db.UpdateUser(ctx, &closed)
}

// deleteLinks removes every link that concerns a user.
func (s *Service) deleteLinks(ctx context.Context, userID string) error {
	return s.deleteKinds(ctx, userID, kindEmail, kindEmailAgain, kindInvitation, kindDisown)
}

// Deactivate deactivates a user, for the operator who runs the site: all sessions and links
// end, so that none is valid again when the user is active again, and nobody can sign in.
// It returns how many sessions were removed. See EndSessions for progress.
func (s *Service) Deactivate(ctx context.Context, user *auth.User, progress func(looked int)) (int, error) {
	inactive := *user
	inactive.IsActive = false
	if err := s.tx(ctx, func(ctx context.Context, tx *Service) error {
		if err := tx.db.UpdateUser(ctx, &inactive); err != nil {
			return err
		}
		if err := tx.deleteLinks(ctx, user.ID); err != nil {
			return err
		}
		return tx.record(ctx, audit.Event{Code: "account-deactivated", User: user})
	}); err != nil {
		return 0, fmt.Errorf("accounts: deactivate: %w", err)
	}
	return s.EndSessions(ctx, user, progress)
}

// Activate activates a user again, for the operator who runs the site. It signs nobody in.
func (s *Service) Activate(ctx context.Context, user *auth.User) error {
	active := *user
	active.IsActive = true
	if err := s.tx(ctx, func(ctx context.Context, tx *Service) error {
		if err := tx.db.UpdateUser(ctx, &active); err != nil {
			return err
		}
		return tx.record(ctx, audit.Event{Code: "account-activated", User: user})
	}); err != nil {
		return fmt.Errorf("accounts: activate: %w", err)
	}
	*user = active
	return nil
}
