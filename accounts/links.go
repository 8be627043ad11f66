package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// What links are for. A token is valid for one kind only.
const (
	kindSignup     = "signup"
	kindEmail      = "email"
	kindEmailAgain = "email-again" // sends the email of kindEmail again
	kindInvitation = "invitation"
	kindDisown     = "disown"
)

// againLife is how long an email can be sent again.
const againLife = time.Hour

// ErrLink: the link is not one of ours, was used already, is too old, or was asked
// for with a password that is not that of the account any more.
var ErrLink = errors.New("accounts: this link was used already, or is too old")

// maxToken bounds what is looked at of a token.
const maxToken = 64

// contents is what the row of a link holds, sealed.
type contents struct {
	Data json.RawMessage `json:"data"`
	// Credential is the state of the password of the user who asked for the link, with
	// which it ends; empty for a link that outlives it.
	Credential string `json:"credential,omitempty"`
}

// newLink stores a link and returns its token, of 26 letters and digits, 130 random
// bits. Only its hash is stored. A link that somebody asked for ends with their
// password; by is nil for one that does not.
func (s *Service) newLink(ctx context.Context, kind string, by *auth.User, data any, life time.Duration) (string, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("accounts: link: %w", err)
	}
	all, userID := contents{Data: text}, ""
	if by != nil {
		all.Credential, userID = credential(by), by.ID
	}
	return s.storeLink(ctx, kind, userID, all, life)
}

func (s *Service) storeLink(ctx context.Context, kind, userID string, all contents, life time.Duration) (string, error) {
	token := rand.Text()
	return token, s.insertLink(ctx, tokenHash(token), kind, userID, all, life)
}

func (s *Service) insertLink(ctx context.Context, hash, kind, userID string, all contents, life time.Duration) error {
	text, err := json.Marshal(all)
	if err == nil {
		now := s.now()
		err = s.own.InsertLink(ctx, own.Link{
			TokenHash: hash, Kind: kind, UserID: userID, Data: s.links.Seal(string(text), kind+hash), Created: now, Expires: now.Add(life),
		})
	}
	if err != nil {
		return fmt.Errorf("accounts: link: %w", err)
	}
	return nil
}

// deleteKinds removes the links of these kinds that concern a user.
func (s *Service) deleteKinds(ctx context.Context, userID string, kinds ...string) error {
	for _, kind := range kinds {
		if err := s.own.DeleteLinks(ctx, userID, kind); err != nil {
			return err
		}
	}
	return nil
}

// credential names the state of a user's password. Each new hash is another one.
func credential(u *auth.User) string {
	return tokenHash("credential " + u.ID + " " + u.Password.Encoded())
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// readLink looks a link up and decodes its data. It changes nothing.
func (s *Service) readLink(ctx context.Context, kind, token string, data any) (*own.Link, error) {
	if len(token) > maxToken {
		return nil, ErrLink
	}
	link, err := s.own.LinkByToken(ctx, tokenHash(token), kind, s.now())
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrLink
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: link: %w", err)
	}
	all, err := s.openLink(link, data)
	if err != nil || all.Credential == "" {
		return link, err
	}
	user, err := s.db.UserByID(ctx, link.UserID)
	if err != nil {
		return nil, orLink(err)
	}
	return link, all.asked(user)
}

// openLink unseals what a link holds. One that was sealed by a secret key that is gone
// is none of ours any more.
func (s *Service) openLink(link *own.Link, data any) (*contents, error) {
	text, err := s.links.Open(link.Data, link.Kind+link.TokenHash)
	if err != nil {
		return nil, ErrLink
	}
	var all contents
	err = json.Unmarshal([]byte(text), &all)
	if err == nil {
		err = json.Unmarshal(all.Data, data)
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: the data of a link is broken: %w", err)
	}
	return &all, nil
}

// asked returns ErrLink if the user's password is not that of when the link was asked
// for, or the user is not active.
func (c *contents) asked(user *auth.User) error {
	same := subtle.ConstantTimeCompare([]byte(c.Credential), []byte(credential(user))) == 1
	if !same || !user.IsActive {
		return ErrLink
	}
	return nil
}

// orLink returns ErrLink for a user who is gone.
func orLink(err error) error {
	if errors.Is(err, database.ErrNotFound) {
		return ErrLink
	}
	return err
}

// useLink does what a link is for, in one transaction with using it up. If
// several requests use it at once, exactly one succeeds, and the others get ErrLink.
// Where f fails the link stays valid. The row of the user who asked for the link is
// locked, and their password is looked at again.
func (s *Service) useLink(ctx context.Context, link *own.Link, f func(ctx context.Context, tx *Service, user *auth.User) error) error {
	return s.tx(ctx, func(ctx context.Context, tx *Service) error {
		user, err := tx.asker(ctx, link)
		if err != nil {
			return err
		}
		used, err := tx.own.UseLink(ctx, link.TokenHash, link.Kind, s.now())
		if err != nil {
			return fmt.Errorf("accounts: link: %w", err)
		}
		if !used {
			return ErrLink
		}
		return f(ctx, tx, user)
	})
}

// asker locks the user of a link, if there is one.
func (s *Service) asker(ctx context.Context, link *own.Link) (*auth.User, error) {
	if link.UserID == "" {
		return nil, nil
	}
	user, err := s.db.LockUser(ctx, link.UserID)
	if err != nil {
		return nil, orLink(err)
	}
	all, err := s.openLink(link, new(json.RawMessage))
	if err == nil && all.Credential != "" {
		err = all.asked(user)
	}
	return user, err
}
