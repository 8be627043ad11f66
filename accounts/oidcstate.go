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

// OIDCStateLife is how long a visitor may take at an OpenID provider.
const OIDCStateLife = 15 * time.Minute

// The kinds of links about OpenID providers.
const (
	kindOIDCState = "oidc-state" // a state that was used
	kindOIDCJTI   = "oidc-jti"   // a logout token that was used
	kindOIDCSID   = "oidc-sid"   // whose a session at a provider is
)

// OIDCState is what a visitor goes to an OpenID provider for. It travels in the parameter state,
// sealed, and bound to the browser; only one that was used is stored.
type OIDCState struct {
	// ID is random.
	ID string `json:"id"`
	// Purpose is what it is for; a state for one purpose serves no other.
	Purpose string `json:"purpose"`
	// Provider is the name of the provider here.
	Provider string `json:"provider"`
	// Origin is that of the site as it was asked for.
	Origin string `json:"origin"`
	// Next is where to go on.
	Next string `json:"next,omitempty"`
	// UserID is who asked for it; empty for visitors.
	UserID string `json:"user_id,omitempty"`
	// Expires is set by SealOIDCState.
	Expires time.Time `json:"expires"`
}

// SealOIDCState returns the state sealed for a browser, which has a secret of its own.
func (s *Service) SealOIDCState(state OIDCState, browser string) (string, error) {
	state.Expires = s.now().Add(OIDCStateLife)
	text, err := json.Marshal(state)
	if err != nil {
		return "", fmt.Errorf("accounts: state: %w", err)
	}
	return s.waiting.Seal(string(text), kindOIDCState+" "+state.Purpose+" "+browser), nil
}

// OpenOIDCState opens a state for the same purpose and browser, which stays valid. The error is
// ErrChallenge.
func (s *Service) OpenOIDCState(sealed, purpose, browser string) (state OIDCState, err error) {
	if len(sealed) > maxSealed || browser == "" {
		return state, ErrChallenge
	}
	text, err := s.waiting.Open(sealed, kindOIDCState+" "+purpose+" "+browser)
	if err != nil || json.Unmarshal([]byte(text), &state) != nil || state.Purpose != purpose ||
		!s.now().Before(state.Expires) {
		return OIDCState{}, ErrChallenge
	}
	return state, nil
}

// UseOIDCState uses a state up: if several requests use it at once, exactly one succeeds. The error
// is ErrChallenge, or a failure.
func (s *Service) UseOIDCState(ctx context.Context, state OIDCState) error {
	return s.once(ctx, kindOIDCState, state.ID, state.Expires)
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
