package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// The limits of passkeys.
const (
	maxPasskeys    = 20 // of a user
	handleBytes    = 64 // of the handle of a user, the most that WebAuthn allows
	kindChallenge  = "challenge-used"
	challengeSlack = time.Minute // for clocks of nodes that differ
)

// Errors about passkeys.
var (
	// ErrNoPasskey: the user has no such passkey.
	ErrNoPasskey = errors.New("accounts: there is no such passkey")
	// ErrPasskeyTaken: a passkey of that ID is stored already.
	ErrPasskeyTaken = errors.New("accounts: this passkey is stored already")
	// ErrTooManyPasskeys: the user has as many passkeys as one may have.
	ErrTooManyPasskeys = errors.New("accounts: the user has too many passkeys")
	// ErrLastWayIn: without this passkey the user could not sign in any more.
	ErrLastWayIn = errors.New("accounts: it is the last way in")
	// ErrChallenge: the challenge was used already, is too old, or is another browser's.
	ErrChallenge = errors.New("accounts: the challenge was used already, is too old, or another browser's")
	// ErrPasskeyCopied: the counter of the passkey went back, as that of a copy does.
	ErrPasskeyCopied = errors.New("accounts: the counter of the passkey went back")
)

// PasskeysReady returns an [own.MissingError] if the database has no tables for passkeys.
func (s *Service) PasskeysReady() error {
	return own.Missing(s.db, own.PasskeyTable, own.PasskeyUserTable)
}

// PasskeyHash returns the IDHash of a credential ID.
func PasskeyHash(credentialID []byte) string {
	sum := sha256.Sum256(credentialID)
	return hex.EncodeToString(sum[:])
}

// Passkeys lists the passkeys of a user, the oldest first.
func (s *Service) Passkeys(ctx context.Context, user *auth.User) ([]own.Passkey, error) {
	if s.PasskeysReady() != nil {
		return nil, nil
	}
	all, err := s.own.PasskeysOf(ctx, user.ID)
	if err != nil {
		return nil, fmt.Errorf("accounts: passkeys: %w", err)
	}
	return all, nil
}

// PasskeyByHash returns a passkey, or ErrNoPasskey.
func (s *Service) PasskeyByHash(ctx context.Context, idHash string) (*own.Passkey, error) {
	p, err := s.own.Passkey(ctx, idHash)
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrNoPasskey
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: passkey: %w", err)
	}
	return p, nil
}

// PasskeyHandle returns the 64 random bytes by which authenticators know a user, by the ID. They
// reveal nothing about the user. A user who has none gets new ones where fresh says so, else nil.
func (s *Service) PasskeyHandle(ctx context.Context, userID string, fresh bool) ([]byte, error) {
	text := ""
	if fresh {
		random := make([]byte, handleBytes)
		rand.Read(random)
		text = base64.RawURLEncoding.EncodeToString(random)
	}
	text, err := s.own.PasskeyHandle(ctx, userID, text)
	if errors.Is(err, database.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("accounts: passkey handle: %w", err)
	}
	handle, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("accounts: passkey handle: %w", err)
	}
	return handle, nil
}

// AddPasskey stores a passkey of the user of a request, uses up the challenge, and tells the
// user by email. The error is ErrTooManyPasskeys, ErrPasskeyTaken, ErrChallenge, or a failure.
func (s *Service) AddPasskey(r *http.Request, user *auth.User, c Challenge, p own.Passkey) error {
	p.UserID, p.Created = user.ID, s.now()
	p.LastUsed = p.Created
	err := s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		if _, err := tx.db.LockUser(ctx, user.ID); err != nil {
			return err
		}
		if err := tx.useChallenge(ctx, c); err != nil {
			return err
		}
		all, err := tx.own.PasskeysOf(ctx, user.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxPasskeys {
			return ErrTooManyPasskeys
		}
		err = tx.own.InsertPasskey(ctx, p)
		if errors.Is(err, database.ErrDuplicate) {
			return ErrPasskeyTaken
		}
		if err != nil {
			return err
		}
		return tx.record(ctx, audit.Event{Code: "passkey-added", User: user, Request: r})
	})
	if err != nil {
		return fmt.Errorf("accounts: add passkey: %w", err)
	}
	s.log.InfoContext(r.Context(), "passkey added", requestinfo.LogClient(r.Context()), "user", user.ID)
	s.tellOf(r, notice{name: "passkey_added", passkey: p.Name}, user)
	return nil
}

// UsePasskey stores a login by a passkey whose signature was right, and uses up the challenge:
// both or nothing. The error is ErrChallenge; ErrNoPasskey if the passkey was removed
// concurrently; ErrPasskeyCopied if its counter went back, of which the user is told by email;
// or a failure.
func (s *Service) UsePasskey(r *http.Request, user *auth.User, c Challenge, p own.Passkey) error {
	p.LastUsed = s.now()
	err := s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		if err := tx.useChallenge(ctx, c); err != nil {
			return err
		}
		used, err := tx.own.UsePasskey(ctx, p)
		if err != nil || used {
			return err
		}
		if _, err := tx.PasskeyByHash(ctx, p.IDHash); err != nil {
			return err
		}
		return ErrPasskeyCopied
	})
	if errors.Is(err, ErrPasskeyCopied) {
		s.log.WarnContext(r.Context(),
			"login refused: the counter of a passkey went back, so it may be a copy",
			requestinfo.LogClient(r.Context()), "user", user.ID)
		copied := audit.Event{Code: "passkey-copied", Reason: "counter", User: user, Request: r}
		_ = s.record(r.Context(), copied) // it waits
		s.tellOf(r, notice{name: "passkey_copied", passkey: p.Name}, user)
	}
	if err != nil {
		return fmt.Errorf("accounts: use passkey: %w", err)
	}
	return nil
}

// RenamePasskey changes the name of a passkey of a user. The error is ErrNoPasskey or a failure.
func (s *Service) RenamePasskey(ctx context.Context, user *auth.User, idHash, name string) error {
	there, err := s.own.RenamePasskey(ctx, user.ID, idHash, name)
	if err == nil && !there {
		err = ErrNoPasskey
	}
	return err
}

// RemovePasskey removes a passkey of the user of a request, and tells the user by email. The
// error is ErrNoPasskey; ErrLastWayIn if the user has neither another one nor a password; or a
// failure.
func (s *Service) RemovePasskey(r *http.Request, user *auth.User, idHash string) error {
	removed := own.Passkey{}
	err := s.tx(r.Context(), func(ctx context.Context, tx *Service) error {
		locked, err := tx.db.LockUser(ctx, user.ID)
		if err != nil {
			return err
		}
		all, err := tx.own.PasskeysOf(ctx, user.ID)
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.IDHash == idHash {
				removed = p
			}
		}
		switch {
		case removed.IDHash == "":
			return ErrNoPasskey
		case len(all) == 1 && !locked.Password.Usable():
			return ErrLastWayIn
		}
		if _, err = tx.own.DeletePasskey(ctx, user.ID, idHash); err != nil {
			return err
		}
		return tx.record(ctx, audit.Event{Code: "passkey-removed", User: user, Request: r})
	})
	if err != nil {
		return fmt.Errorf("accounts: remove passkey: %w", err)
	}
	s.log.InfoContext(r.Context(), "passkey removed", requestinfo.LogClient(r.Context()), "user", user.ID)
	s.tellOf(r, notice{name: "passkey_removed", passkey: removed.Name}, user)
	return nil
}

// RemovePasskeys removes all passkeys of a user, and reports how many there were. It is for
// operators, who may remove the last way in.
func (s *Service) RemovePasskeys(ctx context.Context, user *auth.User) (int64, error) {
	if s.PasskeysReady() != nil {
		return 0, nil
	}
	return s.own.DeletePasskeys(ctx, user.ID)
}

// RemovePasskeyOf removes one passkey of a user. It is for operators, who may remove the last way
// in: no email tells the user. The error is ErrNoPasskey, or a failure.
func (s *Service) RemovePasskeyOf(ctx context.Context, user *auth.User, idHash string) error {
	return s.tx(ctx, func(ctx context.Context, tx *Service) error {
		removed, err := tx.own.DeletePasskey(ctx, user.ID, idHash)
		if err != nil {
			return fmt.Errorf("accounts: remove passkey: %w", err)
		}
		if !removed {
			return ErrNoPasskey
		}
		return tx.record(ctx, audit.Event{Code: "passkey-removed", User: user})
	})
}

// rescuePasskeys removes the passkeys of a user whose account is rescued by a notice, since one
// may be the intruder's. A user without a password keeps those that are older than the notice:
// there may be no other way in.
func (s *Service) rescuePasskeys(ctx context.Context, user *auth.User, noticed time.Time) error {
	if user.Password.Usable() {
		_, err := s.RemovePasskeys(ctx, user)
		return err
	}
	all, err := s.Passkeys(ctx, user)
	for _, p := range all {
		if err == nil && p.Created.After(noticed.Add(-time.Minute)) {
			_, err = s.own.DeletePasskey(ctx, user.ID, p.IDHash)
		}
	}
	return err
}
