package accounts

import (
	"context"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
)

// invitation is what an invitation says.
type invitation struct {
	Email string `json:"email,omitempty"`
}

// Invite creates a link by which one account can be opened where sign-up is by
// invitation only, and sends it if an address is given. It is the operator's: see
// InviteAs for an invitation by a user. It returns the link, which is a secret, or
// identity.ErrInvalidEmail for an address that no mailer accepts.
func (s *Service) Invite(ctx context.Context, email, lang string) (string, error) {
	return s.invite(ctx, nil, email, lang)
}

// InviteAs is Invite for an invitation that a signed-in user makes. The link belongs to
// that user, and ends with the user's password.
func (s *Service) InviteAs(ctx context.Context, user *auth.User, email, lang string) (string, error) {
	return s.invite(ctx, user, email, lang)
}

func (s *Service) invite(ctx context.Context, by *auth.User, email, lang string) (string, error) {
	if email != "" && mail.CheckAddress(email) != nil {
		return "", identity.ErrInvalidEmail
	}
	token, err := s.newLink(ctx, kindInvitation, by, invitation{email}, s.config.InvitationTimeout)
	if err != nil {
		return "", err
	}
	if err := s.record(ctx, audit.Event{Code: "invitation-created", User: by}); err != nil {
		return "", err
	}
	link := s.config.BaseURL + InvitationPath + token + "/"
	if email == "" {
		return link, nil
	}
	return link, s.enqueue(ctx, job{
		Kind: "invitation", To: email, Lang: lang, URL: link, Expires: s.config.InvitationTimeout,
	})
}

// Invitation returns the address that an invitation was sent to, perhaps none. It
// changes nothing. It returns ErrLink, or a failure of the database.
func (s *Service) Invitation(ctx context.Context, token string) (email string, err error) {
	var i invitation
	_, err = s.readLink(ctx, kindInvitation, token, &i)
	return i.Email, err
}

// AcceptInvitation creates an account by an invitation, which is used up by it; no
// session is made. An account with the address that the invitation was sent to needs no
// other proof of it, and is the only one of that mailbox. It returns ErrLink,
// auth.ErrUsernameTaken, auth.ErrEmailTaken, password.ErrBusy, or a failure of the
// database.
func (s *Service) AcceptInvitation(ctx context.Context, token string, n auth.NewUser) (*auth.User, error) {
	var i invitation
	link, err := s.readLink(ctx, kindInvitation, token, &i)
	if err != nil {
		return nil, err
	}
	user, err := s.auth.PrepareUser(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.auth.Store(ctx, user, auth.Storing{
		Password: n.Password, OneMailbox: i.Email != "", Within: s.using(link),
	})
}
