package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/password"
)

// pending is an account that is created once its address is confirmed.
type pending struct {
	Username  string `json:"username"`
	Email     string `json:"email"`
	Hash      string `json:"hash"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	IsStaff   bool   `json:"is_staff,omitempty"`
	Inactive  bool   `json:"inactive,omitempty"`
	Extra     extra  `json:"extra,omitempty"`
}

func newPending(user *auth.User, own extra) *pending {
	return &pending{
		Username: user.Username, Email: user.Email, Hash: user.Password.Encoded(),
		FirstName: user.FirstName, LastName: user.LastName, IsStaff: user.IsStaff, Inactive: !user.IsActive,
		Extra: own,
	}
}

// user returns the account with those of its own columns that the user model has.
func (p *pending) user(model database.UserModel) *auth.User {
	user := &auth.User{
		Username: p.Username, Email: p.Email, Password: password.Hash(p.Hash),
		FirstName: p.FirstName, LastName: p.LastName, IsStaff: p.IsStaff, IsActive: !p.Inactive,
	}
	p.Extra.fill(user, model)
	return user
}

// BeginSignup sends a link by email that creates the account; until then there is no user. If
// the address has an account already, its owner gets an email that says so, and the response
// and its time are the same. The password is hashed now, and nowhere stored in clear, so the
// validators that learn of new passwords never learn of this one. Lang is the language of the
// email. It returns a token for RepeatSignup, which is for the browser that signs up and no
// other; "" if there is too much in own columns for one. Errors are identity.ErrInvalidEmail
// for an address that no mailer accepts, and database.ErrInvalid for a value of an own column
// (NewUser.Extra) that a link cannot keep: the user model does not have the column, or the
// value is no string, bool, number, time.Time or nil.
func (s *Service) BeginSignup(ctx context.Context, n auth.NewUser, lang string) (again string, err error) {
	own, err := newExtra(n.Extra, s.db.UserModel())
	if err != nil {
		return "", err
	}
	user, err := s.auth.PrepareUser(ctx, n)
	if err != nil {
		return "", err
	}
	if mail.CheckAddress(user.Email) != nil {
		return "", identity.ErrInvalidEmail
	}
	p := newPending(user, own)
	if err := s.enqueueSignup(ctx, p, lang); err != nil {
		return "", err
	}
	return s.sealAgain(p)
}

// repeatable is the account of a sign-up in the hands of its browser, so that unknown clients
// leave no row behind.
type repeatable struct {
	Pending pending   `json:"pending"`
	Expires time.Time `json:"expires"`
}

const (
	// sealedSignup is what a repeatable is sealed for.
	sealedSignup = "signup-again"
	// maxAgain bounds a token that a cookie is to hold.
	maxAgain = 2048
)

// sealAgain returns the token for RepeatSignup, or "" for an account with more in its own columns
// than a token holds.
func (s *Service) sealAgain(p *pending) (string, error) {
	text, err := json.Marshal(repeatable{*p, s.now().Add(againLife)})
	if err != nil {
		return "", fmt.Errorf("accounts: sign-up: %w", err)
	}
	if again := s.links.Seal(string(text), sealedSignup); len(again) <= maxAgain {
		return again, nil
	}
	return "", nil
}

// RepeatSignup sends the email of a sign-up again, within an hour, by the token that BeginSignup
// returned. Links of earlier emails stay valid. It returns ErrLink for a token that is too old,
// or a failure of the database.
func (s *Service) RepeatSignup(ctx context.Context, again, lang string) error {
	if len(again) > maxAgain {
		return ErrLink
	}
	text, err := s.links.Open(again, sealedSignup)
	if err != nil {
		return ErrLink
	}
	var begun repeatable
	if err := json.Unmarshal([]byte(text), &begun); err != nil {
		return fmt.Errorf("accounts: sign-up: %w", err)
	}
	if !s.now().Before(begun.Expires) {
		return ErrLink
	}
	return s.enqueueSignup(ctx, &begun.Pending, lang)
}

func (s *Service) enqueueSignup(ctx context.Context, p *pending, lang string) error {
	return s.enqueue(ctx, job{Kind: jobSignup, To: p.Email, Lang: lang, Username: p.Username, Pending: p})
}

// mailSignup is the work of BeginSignup.
func (s *Service) mailSignup(ctx context.Context, j job) error {
	owners, err := s.db.UsersByMailbox(ctx, j.To)
	if err != nil {
		return err
	}
	if len(owners) > 0 {
		j.To, j.Username = owners[0].Email, owners[0].Username
		j.URL, j.Pending = s.config.BaseURL+s.config.LoginURL, nil
		return s.send(ctx, "signup_exists", j)
	}
	token, err := s.newLink(ctx, kindSignup, nil, j.Pending, s.config.SignupTimeout)
	if err != nil {
		return err
	}
	j.URL, j.Expires, j.Pending = s.config.BaseURL+SignupConfirmPath+token+"/", s.config.SignupTimeout, nil
	return s.send(ctx, "signup_confirm", j)
}

// PendingSignup returns the username of the account that a link would create. It
// changes nothing. It returns ErrLink, or a failure of the database.
func (s *Service) PendingSignup(ctx context.Context, token string) (string, error) {
	var p pending
	if _, err := s.readLink(ctx, kindSignup, token, &p); err != nil {
		return "", err
	}
	return p.Username, nil
}

// ConfirmSignup creates the account of a link, and no session. It returns ErrLink,
// auth.ErrUsernameTaken or auth.ErrEmailTaken if another account has the name or the
// mailbox by now, or a failure of the database. The link is used up only on success.
func (s *Service) ConfirmSignup(ctx context.Context, token string) (*auth.User, error) {
	var p pending
	link, err := s.readLink(ctx, kindSignup, token, &p)
	if err != nil {
		return nil, err
	}
	return s.auth.Store(ctx, p.user(s.db.UserModel()), auth.Storing{OneMailbox: true, Within: s.using(link)})
}

// using stores a user in one transaction with using the link up.
func (s *Service) using(link *own.Link) auth.Within {
	return func(ctx context.Context, store func(context.Context, auth.UniqueUsers) error) error {
		return s.useLink(ctx, link, func(ctx context.Context, tx *Service, _ *auth.User) error { return store(ctx, tx.db) })
	}
}
