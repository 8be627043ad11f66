package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// maxOIDC is how many accounts at providers a user may have.
const maxOIDC = 20

// ErrOIDCTaken means that an account at a provider is that of a user already, or that the user has as
// many of them as one may have.
var ErrOIDCTaken = errors.New("accounts: the account at the provider is a user's already, or is too many")

// OIDCReady returns an [own.MissingError] if the database has no table for accounts at OpenID
// providers.
func (s *Service) OIDCReady() error { return own.Missing(s.db, own.OIDCTable) }

// OIDCOf lists the accounts at OpenID providers of a user, the oldest first.
func (s *Service) OIDCOf(ctx context.Context, user *auth.User) ([]own.OIDC, error) {
	if s.OIDCReady() != nil {
		return nil, nil
	}
	all, err := s.own.OIDCOf(ctx, user.ID)
	if err != nil {
		return nil, fmt.Errorf("accounts: providers of a user: %w", err)
	}
	return all, nil
}

// UseOIDC stores that somebody has signed in at a provider, and returns the ID of the user whose
// account it is. Issuer, Subject and Name are as the provider has them. The error is
// database.ErrNotFound, or a failure.
func (s *Service) UseOIDC(ctx context.Context, o own.OIDC) (userID string, err error) {
	stored, err := s.own.OIDC(ctx, o.Issuer, o.Subject)
	if errors.Is(err, database.ErrNotFound) {
		return "", database.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("accounts: sign in by a provider: %w", err)
	}
	stored.Name, stored.LastUsed = o.Name, s.now()
	switch there, err := s.own.UseOIDC(ctx, *stored); {
	case err != nil:
		return "", fmt.Errorf("accounts: sign in by a provider: %w", err)
	case !there: // it was removed concurrently
		return "", database.ErrNotFound
	}
	return stored.UserID, nil
}

// LinkOIDC stores an account at a provider as one of the user of a request, and tells the user by
// email, in which the provider is called as given. The error is ErrOIDCTaken, or a failure.
func (s *Service) LinkOIDC(r *http.Request, user *auth.User, o own.OIDC, provider string) error {
	err := s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		if _, err := tx.db.LockUser(ctx, user.ID); err != nil {
			return err
		}
		all, err := tx.own.OIDCOf(ctx, user.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxOIDC {
			return ErrOIDCTaken
		}
		return tx.insertOIDC(ctx, r, user, o)
	})
	if err != nil {
		return fmt.Errorf("accounts: link an account at a provider: %w", err)
	}
	s.log.InfoContext(r.Context(), "account at a provider linked", requestinfo.LogClient(r.Context()),
		"user", user.ID)
	s.tellOf(r, notice{name: "oidc_added", provider: provider}, user)
	return nil
}

// insertOIDC stores an account at a provider, in a transaction.
func (s *Service) insertOIDC(ctx context.Context, r *http.Request, user *auth.User, o own.OIDC) error {
	o.UserID, o.Created = user.ID, s.now()
	o.LastUsed = o.Created
	err := s.own.InsertOIDC(ctx, o)
	if errors.Is(err, database.ErrDuplicate) {
		return ErrOIDCTaken
	}
	if err != nil {
		return err
	}
	return s.record(ctx, audit.Event{Code: "oidc-added", User: user, Request: r})
}

// SignUpOIDC creates a user of an account at a provider. No password opens the account; an email
// address must be one that the provider has verified, and no other account may have its mailbox. The
// error is ErrOIDCTaken, one of auth.CreateUser such as auth.ErrUsernameTaken, or a failure.
func (s *Service) SignUpOIDC(r *http.Request, n auth.NewUser, o own.OIDC) (*auth.User, error) {
	n.Password = ""
	user, err := s.auth.PrepareUser(r.Context(), n)
	if err != nil {
		return nil, err
	}
	within := func(ctx context.Context, store func(context.Context, auth.UniqueUsers) error) error {
		return s.tx(ctx, func(ctx context.Context, tx *Service) error {
			if err := store(ctx, tx.db); err != nil {
				return err
			}
			stored, err := tx.db.UserByUsername(ctx, user.Username)
			if err != nil {
				return err
			}
			return tx.insertOIDC(ctx, r, stored, o)
		})
	}
	return s.auth.Store(r.Context(), user, auth.Storing{OneMailbox: user.Email != "", Within: within})
}

// UnlinkOIDC removes an account at a provider of the user of a request, and tells the user by
// email. Another one by which the user can sign in is of one of the issuers; passkeys reports
// whether they sign in here. The error is database.ErrNotFound; ErrLastWayIn if the
// user could not sign in any more; or a failure.
func (s *Service) UnlinkOIDC(
	r *http.Request, user *auth.User, idHash, provider string, issuers []string, passkeys bool,
) error {
	err := s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		locked, err := tx.db.LockUser(ctx, user.ID)
		if err != nil {
			return err
		}
		others, err := tx.waysBeside(ctx, locked, idHash, issuers, passkeys)
		if err != nil {
			return err
		}
		removed, err := tx.own.DeleteOIDC(ctx, user.ID, idHash)
		switch {
		case err != nil:
			return err
		case !removed:
			return database.ErrNotFound
		case !others:
			return ErrLastWayIn
		}
		return tx.record(ctx, audit.Event{Code: "oidc-removed", User: user, Request: r})
	})
	if err != nil {
		return fmt.Errorf("accounts: unlink an account at a provider: %w", err)
	}
	s.log.InfoContext(r.Context(), "account at a provider unlinked", requestinfo.LogClient(r.Context()),
		"user", user.ID)
	s.tellOf(r, notice{name: "oidc_removed", provider: provider}, user)
	return nil
}

// waysBeside reports whether a user can sign in without an account at a provider.
func (s *Service) waysBeside(
	ctx context.Context, user *auth.User, idHash string, issuers []string, passkeys bool,
) (bool, error) {
	if user.Password.Usable() {
		return true, nil
	}
	all, err := s.own.OIDCOf(ctx, user.ID)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		if o.IDHash != idHash && slices.Contains(issuers, o.Issuer) {
			return true, nil
		}
	}
	if !passkeys {
		return false, nil
	}
	keys, err := s.Passkeys(ctx, user)
	return len(keys) > 0, err
}

// removeOIDC removes all accounts at providers of a user whose account is closed.
func (s *Service) removeOIDC(ctx context.Context, user *auth.User) error {
	if s.OIDCReady() != nil {
		return nil
	}
	_, err := s.own.DeleteAllOIDC(ctx, user.ID)
	return err
}

// rescueOIDC removes the accounts at providers of a user whose account is rescued by a notice, as
// rescuePasskeys removes passkeys.
func (s *Service) rescueOIDC(ctx context.Context, user *auth.User, noticed time.Time) error {
	if user.Password.Usable() {
		return s.removeOIDC(ctx, user)
	}
	all, err := s.OIDCOf(ctx, user)
	for _, o := range all {
		if err == nil && o.Created.After(noticed.Add(-time.Minute)) {
			_, err = s.own.DeleteOIDC(ctx, user.ID, o.IDHash)
		}
	}
	return err
}
