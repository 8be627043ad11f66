package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// The kinds of links about OpenID providers.
const (
	kindOIDCJTI = "oidc-jti" // a logout token that was used
	kindOIDCSID = "oidc-sid" // whose a session at a provider is
)

// methodOIDC is how a user signed in who came from an OpenID provider.
const methodOIDC = "oidc"

// sidLife is how long a session at a provider can be found whose logout token names no user.
const sidLife = 90 * 24 * time.Hour

// OIDCSession names a session at an OpenID provider.
type OIDCSession struct {
	// Issuer is the provider.
	Issuer string `json:"iss"`
	// Subject is the account there. It is empty if a logout token names none.
	Subject string `json:"sub,omitempty"`
	// ID is the sid that the provider gives it; empty if it gives none.
	ID string `json:"sid,omitempty"`
}

// RememberOIDCSession stores whose a session at a provider is, for logout tokens that have nothing
// but its sid.
func (s *Service) RememberOIDCSession(ctx context.Context, userID string, at OIDCSession) error {
	if at.ID == "" {
		return nil
	}
	err := s.own.InsertLink(ctx, own.Link{
		TokenHash: sidHash(at), Kind: kindOIDCSID, UserID: userID,
		Created: s.now(), Expires: s.now().Add(sidLife),
	})
	if errors.Is(err, database.ErrDuplicate) {
		return nil
	}
	return err
}

func sidHash(at OIDCSession) string {
	return tokenHash(kindOIDCSID + " " + own.OIDCHash(at.Issuer, at.ID))
}

// LogOutByOIDC ends what a logout token of a provider names, as EndOIDC. The token has an ID, and is
// used up once the sessions have ended, so that a provider may send it again after a failure. The
// error is ErrChallenge if it was used already, or a failure of the store.
func (s *Service) LogOutByOIDC(
	ctx context.Context, at OIDCSession, tokenID string, expires time.Time,
) (ended int, err error) {
	id := own.OIDCHash(at.Issuer, tokenID)
	_, err = s.own.LinkByToken(ctx, tokenHash(kindOIDCJTI+" "+id), kindOIDCJTI, s.now())
	if err == nil {
		return 0, ErrChallenge
	}
	if !errors.Is(err, database.ErrNotFound) {
		return 0, fmt.Errorf("accounts: logout token: %w", err)
	}
	if ended, err = s.EndOIDC(ctx, at); err != nil {
		return ended, err
	}
	return ended, s.once(ctx, kindOIDCJTI, id, expires)
}

// EndOIDC ends the sessions that began at a session of a provider, or, where it has no ID, at any
// session of its subject, and returns how many. Sessions of the same user that began in another way
// stay. The error is a failure of the store.
func (s *Service) EndOIDC(ctx context.Context, at OIDCSession) (ended int, err error) {
	user, err := s.userOfOIDC(ctx, at)
	if errors.Is(err, database.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("accounts: end sessions of a provider: %w", err)
	}
	if err := s.Flush(ctx); err != nil {
		return 0, err
	}
	var last own.IndexedSession
	for {
		rows, err := s.own.IndexedSessions(ctx, user.ID, last, maxListed)
		if err != nil {
			return ended, fmt.Errorf("accounts: end sessions of a provider: %w", err)
		}
		for _, row := range rows {
			last = row
			done, err := s.endIfOIDC(ctx, row, user, at)
			if err != nil {
				return ended, err
			}
			if done {
				ended++
			}
		}
		if len(rows) < maxListed {
			return ended, nil
		}
	}
}

// userOfOIDC finds whose a session at a provider is.
func (s *Service) userOfOIDC(ctx context.Context, at OIDCSession) (*auth.User, error) {
	userID := ""
	if at.Subject != "" {
		o, err := s.own.OIDC(ctx, at.Issuer, at.Subject)
		if err != nil {
			return nil, err
		}
		userID = o.UserID
	} else {
		link, err := s.own.LinkByToken(ctx, sidHash(at), kindOIDCSID, s.now())
		if err != nil {
			return nil, err
		}
		userID = link.UserID
	}
	return s.db.UserByID(ctx, userID)
}

// endIfOIDC ends one session of the index if it began at a session of a provider, and reports
// whether it did.
func (s *Service) endIfOIDC(
	ctx context.Context, row own.IndexedSession, user *auth.User, at OIDCSession,
) (bool, error) {
	session, err := s.open(ctx, row, user)
	if errors.Is(err, ErrNoSession) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	text, _ := sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Origin)
	if !at.covers(text) {
		return false, nil
	}
	return true, s.endRow(ctx, user, row)
}

// covers reports whether what a session keeps of its origin is of the session at the provider.
func (at OIDCSession) covers(text string) bool {
	from, err := parseOrigin(text)
	return err == nil && from.Issuer == at.Issuer && (at.ID == "" || from.ID == at.ID) &&
		(at.Subject == "" || from.Subject == at.Subject)
}

// Origin returns what a session is to keep of its beginning at a provider, for auth.Proof.
func (at OIDCSession) Origin() (string, error) {
	text, err := json.Marshal(at)
	return string(text), err
}

func parseOrigin(text string) (at OIDCSession, err error) {
	err = json.Unmarshal([]byte(text), &at)
	return at, err
}
