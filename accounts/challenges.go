package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// ChallengeLife is how long a challenge of a passkey is valid.
const ChallengeLife = 5 * time.Minute

// maxSealed bounds what is opened of a sealed challenge.
const maxSealed = 4096

// Challenge is what an authenticator is asked to sign, or the state with which a visitor goes to an
// OpenID provider. It is kept by the page, sealed, and bound to the browser; only one that was used is
// stored, so that visitors make no rows.
type Challenge struct {
	// Purpose is what it is for; a challenge for one purpose serves no other.
	Purpose string `json:"purpose"`
	// Text is the challenge in base64url.
	Text string `json:"text"`
	// RPID and Origin are those of the site as it was asked for. A state has the name of the
	// provider as the RPID.
	RPID   string `json:"rp_id"`
	Origin string `json:"origin"`
	// Next is where a visitor goes on who comes back from a provider; mostly empty.
	Next string `json:"next,omitempty"`
	// UserID is who asked for it; empty for visitors.
	UserID string `json:"user_id,omitempty"`
	// Expires is set by SealChallenge, to ChallengeLife from now on if it is zero.
	Expires time.Time `json:"expires"`
}

// SealChallenge returns the challenge sealed for a browser, which has a secret of its own.
func (s *Service) SealChallenge(c Challenge, browser string) (string, error) {
	if c.Expires.IsZero() {
		c.Expires = s.now().Add(ChallengeLife)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("accounts: challenge: %w", err)
	}
	return s.waiting.Seal(string(text), c.Purpose+" "+browser), nil
}

// OpenChallenge opens a challenge for the same purpose, user and browser. It stays valid until it
// is used by AddPasskey, UsePasskey or UseState. The error is ErrChallenge.
func (s *Service) OpenChallenge(sealed, purpose, userID, browser string) (c Challenge, err error) {
	if len(sealed) > maxSealed || browser == "" {
		return c, ErrChallenge
	}
	text, err := s.waiting.Open(sealed, purpose+" "+browser)
	if err != nil || json.Unmarshal([]byte(text), &c) != nil || c.Purpose != purpose || c.UserID != userID ||
		!s.now().Before(c.Expires) {
		return Challenge{}, ErrChallenge
	}
	return c, nil
}

// UseState uses up the state of a visitor who comes back from an OpenID provider, as a challenge of a
// passkey is. The error is ErrChallenge, or a failure.
func (s *Service) UseState(ctx context.Context, c Challenge) error { return s.useChallenge(ctx, c) }

// useChallenge uses a challenge up: if several requests use it at once, exactly one succeeds. The
// row goes with the links that have expired.
func (s *Service) useChallenge(ctx context.Context, c Challenge) error {
	return s.once(ctx, kindChallenge, c.Text, c.Expires)
}

// once uses a text up: if several requests use it at once, exactly one succeeds, and the others
// get ErrChallenge. The row goes with the links that have expired.
func (s *Service) once(ctx context.Context, kind, text string, expires time.Time) error {
	if !s.now().Before(expires) {
		return ErrChallenge
	}
	err := s.own.InsertLink(ctx, own.Link{
		TokenHash: tokenHash(kind + " " + text), Kind: kind,
		Created: s.now(), Expires: expires.Add(challengeSlack),
	})
	if errors.Is(err, database.ErrDuplicate) {
		return ErrChallenge
	}
	return err
}
