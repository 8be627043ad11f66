package accounts

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// ErrEmailTaken: users sign in by their address, and another one has this.
var ErrEmailTaken = errors.New("accounts: another user has this address")

// change is a change of an address that is to be confirmed.
type change struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// BeginEmailChange emails a link to the new address of a user, by which it becomes
// the address of the account, and tells the present address that it was asked for.
// Links of earlier changes end, and this one ends with the user's password. It returns a token
// for RepeatEmailChange, which is for the browser that asked for the change and no other, and
// identity.ErrInvalidEmail for an address with characters that the database cannot hold.
func (s *Service) BeginEmailChange(
	r *http.Request, user *auth.User, email string,
) (again string, err error) {
	if err := s.auth.Storable(r.Context(), &auth.User{Email: email}); err != nil {
		return "", err
	}
	c := change{user.Email, email}
	err = s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		if err := tx.deleteKinds(ctx, user.ID, kindEmail, kindEmailAgain); err != nil {
			return err
		}
		if again, err = tx.newLink(ctx, kindEmailAgain, user, c, againLife); err != nil {
			return err
		}
		if err := tx.sendChange(ctx, user, c, s.language(r)); err != nil {
			return err
		}
		told := audit.Event{Code: "email-change-begun", User: user, Request: r}
		if err := tx.record(ctx, told); err != nil {
			return err
		}
		return tx.notify(ctx, r, notice{name: "email_change_begun", to: user.Email, newEmail: email}, user)
	})
	if err == nil {
		s.log.InfoContext(r.Context(), "change of the email address begun", requestinfo.LogClient(r.Context()), "user", user.ID)
	}
	return again, err
}

// RepeatEmailChange emails a link to the new address again, within an hour, by the token that
// BeginEmailChange returned for the same user. The links of earlier emails stay valid. It returns
// ErrLink for a token that is too old or of another user, or after the address or the password
// changed, or a failure of the database.
func (s *Service) RepeatEmailChange(r *http.Request, user *auth.User, again string) error {
	var c change
	link, err := s.readLink(r.Context(), kindEmailAgain, again, &c)
	if err != nil {
		return err
	}
	if link.UserID != user.ID || c.Old != user.Email {
		return ErrLink
	}
	return s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		return tx.sendChange(ctx, user, c, s.language(r))
	})
}

// sendChange emails a link to the new address. It belongs in a transaction.
func (s *Service) sendChange(ctx context.Context, user *auth.User, c change, lang string) error {
	token, err := s.newLink(ctx, kindEmail, user, c, s.config.EmailTimeout)
	if err != nil {
		return err
	}
	return s.enqueue(ctx, job{
		Kind: "email_confirm", To: c.New, Lang: lang, Username: user.Username, Email: c.New,
		URL: s.config.BaseURL + EmailConfirmPath + token + "/", Expires: s.config.EmailTimeout,
	})
}

// PendingEmail returns the address that a link would confirm. It changes nothing. The
// error is ErrLink, or a failure of the store.
func (s *Service) PendingEmail(ctx context.Context, token string) (string, error) {
	var c change
	if _, err := s.readLink(ctx, kindEmail, token, &c); err != nil {
		return "", err
	}
	return c.New, nil
}

// ConfirmEmail stores the address of a link for its user, whatever other changes
// were begun concurrently: a link is valid for the address in it, and only as long as
// the user's address is the one that it replaces and the password that of when it was
// asked for. The old address is told. The error is ErrLink, ErrEmailTaken, or a failure
// of the store.
func (s *Service) ConfirmEmail(r *http.Request, token string) error {
	ctx := r.Context()
	var c change
	link, err := s.readLink(ctx, kindEmail, token, &c)
	if err != nil {
		return err
	}
	err = s.useLink(ctx, link, func(ctx context.Context, tx *Service, user *auth.User) error {
		changed := *user
		changed.Email = c.New
		h := s.auth.Hooks()
		event := &hooks.Event{User: &changed, Request: r, OldEmail: c.Old}
		return slices.Concat(h.EmailChanged, h.Confirmed).Run(ctx, tx.db, event, func(ctx context.Context) error {
			replaced, err := tx.db.ReplaceEmail(ctx, user.ID, c.Old, c.New)
			if err == nil && !replaced {
				err = ErrLink
			}
			if err != nil {
				return err
			}
			if err := tx.record(ctx, audit.Event{Code: "email-changed", User: user, Request: r}); err != nil {
				return err
			}
			return tx.notify(ctx, r, notice{name: "email_changed", to: c.Old, newEmail: c.New}, &changed)
		})
	})
	if errors.Is(err, database.ErrDuplicate) {
		return ErrEmailTaken
	}
	if err == nil {
		s.log.InfoContext(ctx, "email address changed", requestinfo.LogClient(ctx), "user", link.UserID)
	}
	return err
}
