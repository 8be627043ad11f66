package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// ErrEmailTaken: users sign in by their address, and another one has this.
var ErrEmailTaken = errors.New("accounts: another user has this address")

// change is a change of an address that is to be confirmed.
type change struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// BeginEmailChange mails a link to the new address of a user, by which it becomes
// the address of the account. Links of earlier changes end. Lang is the language of
// the mail.
func (s *Service) BeginEmailChange(ctx context.Context, user *auth.User, email, lang string) error {
	if err := s.db.DeleteLinks(ctx, user.ID, kindEmail); err != nil {
		return err
	}
	token, err := s.newLink(ctx, kindEmail, user.ID, change{user.Email, email}, s.config.EmailTimeout)
	if err != nil {
		return err
	}
	return s.enqueue(ctx, job{
		Kind: "email_confirm", To: email, Lang: lang, Username: user.Username, Email: email,
		URL: s.config.BaseURL + EmailConfirmPath + token + "/", Expires: s.config.EmailTimeout,
	})
}

// PendingEmail gives the address that a link would confirm. It changes nothing. The
// error is ErrLink, or an outage.
func (s *Service) PendingEmail(ctx context.Context, token string) (string, error) {
	var c change
	if _, err := s.readLink(ctx, kindEmail, token, &c); err != nil {
		return "", err
	}
	return c.New, nil
}

// ConfirmEmail makes the address of a link that of its user, whatever other changes
// were begun meanwhile: a link is good for the address in it, and only as long as
// the user's address is the one that it replaces. The old address is told. The error
// is ErrLink, ErrEmailTaken, or an outage.
func (s *Service) ConfirmEmail(r *http.Request, token string) error {
	ctx := r.Context()
	var c change
	link, err := s.readLink(ctx, kindEmail, token, &c)
	if err != nil {
		return err
	}
	user, err := s.db.UserByID(ctx, link.UserID)
	if errors.Is(err, database.ErrNotFound) || err == nil && !user.IsActive {
		return ErrLink
	}
	if err != nil {
		return err
	}
	err = s.useLink(ctx, link, func(ctx context.Context, tx *database.DB) error {
		replaced, err := tx.ReplaceEmail(ctx, user.ID, c.Old, c.New)
		if err == nil && !replaced {
			err = ErrLink
		}
		return err
	})
	if errors.Is(err, database.ErrDuplicate) {
		return ErrEmailTaken
	}
	if err != nil {
		return err
	}
	user.Email = c.New
	if c.Old == "" {
		return nil
	}
	if err := s.notify(r, "email_changed", user, c.Old); err != nil { // what was done cannot be undone
		s.log.ErrorContext(ctx, "a user could not be told of a change", "mail", "email_changed", "user", user.ID, "error", err)
	}
	return nil
}
