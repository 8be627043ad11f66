package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

// What links are for. A token is good for one kind only.
const (
	kindSignup     = "signup"
	kindEmail      = "email"
	kindInvitation = "invitation"
	kindDisown     = "disown"
)

// ErrLink: the link is not one of ours, was used already, or is too old.
var ErrLink = errors.New("accounts: this link was used already, or is too old")

// maxToken bounds what is looked at of a token.
const maxToken = 64

// newLink stores a link and gives its token, of 26 letters and digits, 130 random
// bits. Only its hash is stored.
func (s *Service) newLink(ctx context.Context, kind, userID string, data any, life time.Duration) (string, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("accounts: link: %w", err)
	}
	token, now := rand.Text(), s.now()
	err = s.db.InsertLink(ctx, database.Link{
		TokenHash: tokenHash(token), Kind: kind, UserID: userID, Data: string(text), Created: now, Expires: now.Add(life),
	})
	if err != nil {
		return "", fmt.Errorf("accounts: link: %w", err)
	}
	return token, nil
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// readLink looks a link up and decodes its data. It changes nothing.
func (s *Service) readLink(ctx context.Context, kind, token string, data any) (*database.Link, error) {
	if len(token) > maxToken {
		return nil, ErrLink
	}
	link, err := s.db.LinkByToken(ctx, tokenHash(token), kind, s.now())
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrLink
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: link: %w", err)
	}
	if err := json.Unmarshal([]byte(link.Data), data); err != nil {
		return nil, fmt.Errorf("accounts: the data of a link is broken: %w", err)
	}
	return link, nil
}

// useLink does what a link is for, in one transaction with using it up: of any
// number of requests that use it at once, one does it, and the others get ErrLink.
// Where f fails the link stays good.
func (s *Service) useLink(ctx context.Context, link *database.Link, f func(ctx context.Context, tx *database.DB) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
		used, err := tx.UseLink(ctx, link.TokenHash, link.Kind, s.now())
		if err != nil {
			return fmt.Errorf("accounts: link: %w", err)
		}
		if !used {
			return ErrLink
		}
		return f(ctx, tx)
	})
}
