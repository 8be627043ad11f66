package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

// pending is an account that is made once its address is confirmed.
type pending struct {
	Username  string `json:"username"`
	Email     string `json:"email"`
	Hash      string `json:"hash"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// BeginSignup mails a link by which the account is made; until then there is no
// user. Where the address has an account already, its owner gets a mail that says
// so, and the answer and its time are the same. The password is hashed now, and
// nowhere stored in clear. Lang is the language of the mail.
func (s *Service) BeginSignup(ctx context.Context, n auth.NewUser, lang string) error {
	user, err := s.auth.PrepareUser(ctx, n)
	if err != nil {
		return err
	}
	return s.enqueue(ctx, job{Kind: jobSignup, To: user.Email, Lang: lang, Username: user.Username, Pending: &pending{
		Username: user.Username, Email: user.Email, Hash: user.Password.Encoded(), FirstName: user.FirstName, LastName: user.LastName,
	}})
}

// mailSignup is the work of BeginSignup.
func (s *Service) mailSignup(ctx context.Context, j job) error {
	users, err := s.db.UsersByEmail(ctx, j.To)
	if err != nil {
		return err
	}
	for _, user := range users {
		if auth.SameEmail(user.Email, j.To) {
			j.To, j.Username, j.URL, j.Pending = user.Email, user.Username, s.config.BaseURL+s.config.LoginURL, nil
			return s.send(ctx, "signup_exists", j)
		}
	}
	token, err := s.newLink(ctx, kindSignup, nil, j.Pending, s.config.SignupTimeout)
	if err != nil {
		return err
	}
	j.URL, j.Expires, j.Pending = s.config.BaseURL+SignupConfirmPath+token+"/", s.config.SignupTimeout, nil
	return s.send(ctx, "signup_confirm", j)
}

// PendingSignup gives the username of the account that a link would make. It
// changes nothing. The error is ErrLink, or an outage.
func (s *Service) PendingSignup(ctx context.Context, token string) (string, error) {
	var p pending
	if _, err := s.readLink(ctx, kindSignup, token, &p); err != nil {
		return "", err
	}
	return p.Username, nil
}

// ConfirmSignup makes the account of a link, and no session. The error is ErrLink,
// auth.ErrUsernameTaken where the name was taken meanwhile, or an outage.
func (s *Service) ConfirmSignup(ctx context.Context, token string) (*auth.User, error) {
	var p pending
	link, err := s.readLink(ctx, kindSignup, token, &p)
	if err != nil {
		return nil, err
	}
	user := &auth.User{
		Username: p.Username, Email: p.Email, Password: password.Hash(p.Hash), FirstName: p.FirstName, LastName: p.LastName, IsActive: true,
	}
	err = s.useLink(ctx, link, func(ctx context.Context, tx *Service, _ *auth.User) error { return tx.db.CreateUser(ctx, user) })
	if errors.Is(err, database.ErrDuplicate) {
		return nil, auth.ErrUsernameTaken
	}
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "user created", "user", user.ID)
	return user, nil
}

// invitation is what an invitation says.
type invitation struct {
	Email string `json:"email,omitempty"`
}

// Invite makes a link by which one account can be opened where sign-up is by
// invitation only, and mails it if an address is given. It gives the link, which is
// a secret.
func (s *Service) Invite(ctx context.Context, email, lang string) (string, error) {
	token, err := s.newLink(ctx, kindInvitation, nil, invitation{email}, s.config.InvitationTimeout)
	if err != nil {
		return "", err
	}
	link := s.config.BaseURL + InvitationPath + token + "/"
	if email == "" {
		return link, nil
	}
	return link, s.enqueue(ctx, job{Kind: "invitation", To: email, Lang: lang, URL: link, Expires: s.config.InvitationTimeout})
}

// Invitation gives the address that an invitation was mailed to, perhaps none. It
// changes nothing. The error is ErrLink, or an outage.
func (s *Service) Invitation(ctx context.Context, token string) (email string, err error) {
	var i invitation
	_, err = s.readLink(ctx, kindInvitation, token, &i)
	return i.Email, err
}

// AcceptInvitation makes an account by an invitation, which is used up by it; no
// session is made. An account with the address that the invitation was mailed to
// needs no other proof of it. The error is ErrLink, auth.ErrUsernameTaken,
// password.ErrBusy, or an outage.
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
	err = s.useLink(ctx, link, func(ctx context.Context, tx *Service, _ *auth.User) error { return tx.db.CreateUser(ctx, user) })
	if errors.Is(err, database.ErrDuplicate) {
		return nil, auth.ErrUsernameTaken
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: accept invitation: %w", err)
	}
	s.log.InfoContext(ctx, "user created by invitation", "user", user.ID)
	return user, nil
}
