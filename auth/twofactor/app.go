package twofactor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/sessions"
)

const (
	secretBytes = 20        // 160 bits, as RFC 4226 recommends
	period      = 30        // seconds of a step
	skew        = 1         // steps either way, for clocks that differ
	setupLife   = time.Hour // of a secret that is not confirmed
)

// Secret is what an app computes codes from. It does not print itself.
type Secret struct {
	text string // in base32 without padding
}

// String hides the secret.
func (Secret) String() string { return "twofactor.Secret{…}" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Key returns the secret in groups of four characters, for users who type it into their app.
func (s Secret) Key() string { return grouped(s.text, " ") }

// URL returns the address that apps read from a QR code (otpauth://).
func (s *Service) URL(secret Secret, user *auth.User) (string, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret.text)
	if err != nil {
		return "", fmt.Errorf("twofactor: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: strings.ReplaceAll(s.issuer, ":", " "), AccountName: user.String(), Period: period,
		Secret: raw, SecretSize: secretBytes, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", fmt.Errorf("twofactor: %w", err)
	}
	return key.URL(), nil
}

// waiting is what a session keeps of a secret that is not confirmed.
type waiting struct {
	Secret string `json:"secret"` // sealed
	At     int64  `json:"at"`     // seconds since 1970
}

// belongs binds what is sealed to a user.
func belongs(user *auth.User) string { return "user " + user.ID }

// Waiting returns the secret that waits in the session for the user to confirm it, or a new one.
// It waits for an hour.
func (s *Service) Waiting(ctx context.Context, session *sessions.Session, user *auth.User) (Secret, error) {
	text, there, err := session.Get(ctx, sessionkeys.Setup)
	if err != nil {
		return Secret{}, err
	}
	var kept waiting
	there = there && json.Unmarshal([]byte(text), &kept) == nil
	if there && s.now().Sub(time.Unix(kept.At, 0)).Abs() < setupLife {
		if secret, err := s.setups.Open(kept.Secret, belongs(user)); err == nil {
			return Secret{secret}, nil
		}
	}
	raw := make([]byte, secretBytes)
	rand.Read(raw)                                           // it never fails
	secret := Secret{base32.StdEncoding.EncodeToString(raw)} // 20 bytes need no padding
	kept = waiting{s.setups.Seal(secret.text, belongs(user)), s.now().Unix()}
	return secret, session.Set(ctx, sessionkeys.Setup, kept)
}

// Confirm adds the app of a user if the code is one of the secret that waits in the session, and
// returns the recovery codes, which can be read this once. A code that is wrong returns none. The error
// is ErrHasApp if the user has an app, or a failure of a store.
func (s *Service) Confirm(
	ctx context.Context, session *sessions.Session, user *auth.User, typed Typed,
) ([]string, error) {
	secret, err := s.Waiting(ctx, session, user)
	if err != nil {
		return nil, err
	}
	step, right := s.matches(secret.text, typed)
	if !right {
		return nil, nil
	}
	codes, hashes := s.newRecoveryCodes(user)
	err = s.own.AddTOTP(ctx, own.TOTP{
		UserID: user.ID, Secret: s.secrets.Seal(secret.text, belongs(user)), LastStep: step, Created: s.now(),
	}, hashes)
	if errors.Is(err, database.ErrDuplicate) {
		return nil, ErrHasApp
	}
	if err != nil {
		return nil, fmt.Errorf("twofactor: %w", err)
	}
	s.log.InfoContext(ctx, "second factor added", "user", user.ID)
	_, err = session.Delete(ctx, sessionkeys.Setup)
	return codes, err
}

// matches returns the step whose code was typed. It looks at all that count, whichever is the right
// one.
func (s *Service) matches(secret string, typed Typed) (step int64, right bool) {
	if typed.code == "" {
		return 0, false
	}
	now := s.now().Unix() / period
	for n := now - skew; n <= now+skew; n++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(n), hotp.ValidateOpts{
			Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(typed.code)) == 1 {
			step, right = n, true
		}
	}
	return step, right
}

// Shown is how a user has shown the second factor.
type Shown struct {
	// Method is MethodCode, MethodRecovery, or "" for a code that is wrong or was used before.
	Method string
	// Device is what django-otp calls the device, if it is one of its devices.
	Device string

	allauth *database.AllauthFactor // if it is one of allauth's
}

// Keep stores in the session which factor of a Django beside the user has shown in the login p, as a
// login of django-otp or of django-allauth does. Without p it was shown by a user who is signed in.
func (sh Shown) Keep(ctx context.Context, session *sessions.Session, p *auth.Pending) error {
	switch {
	case sh.Device != "":
		return session.Set(ctx, sessionkeys.OTPDevice, sh.Device)
	case sh.allauth != nil:
		return sh.keepAllauth(ctx, session, p)
	}
	return nil
}

// Check uses a code up and returns how the user has shown the second factor. Count attempts by
// auth.Service.GuessCode around it.
func (s *Service) Check(ctx context.Context, user *auth.User, typed Typed) (Shown, error) {
	has, err := s.factorsOf(ctx, user)
	if err != nil {
		return Shown{}, err
	}
	if has.app != nil {
		method, err := s.checkApp(ctx, user, has.app, typed)
		if err != nil || method != "" {
			return Shown{Method: method}, err
		}
	}
	if len(has.devices) > 0 {
		shown, err := s.checkDjango(ctx, user, has.devices, typed)
		if err != nil || shown.Method != "" {
			return shown, err
		}
	}
	return s.checkAllauth(ctx, user, has.allauth, typed)
}

// checkApp uses up a code of the authenticator app, or a recovery code of ours.
func (s *Service) checkApp(
	ctx context.Context, user *auth.User, app *own.TOTP, typed Typed,
) (method string, err error) {
	if typed.recovery != "" {
		used, err := s.useRecovery(ctx, user, typed.recovery)
		if err != nil || !used {
			return "", err
		}
		s.log.InfoContext(ctx, "recovery code used", "user", user.ID)
		return MethodRecovery, nil
	}
	secret, err := s.secrets.Open(app.Secret, belongs(user))
	if err != nil {
		s.log.ErrorContext(ctx, "the authenticator app of a user cannot be checked, because its secret was "+
			"sealed by a secret key that is gone; add that key to the fallbacks, or remove the app by "+
			"coatcheck user factors", "user", user.ID)
		return "", nil
	}
	step, right := s.matches(secret, typed)
	if !right {
		return "", nil
	}
	used, err := s.own.UseTOTPStep(ctx, app, step)
	if err != nil {
		return "", fmt.Errorf("twofactor: %w", err)
	}
	if !used {
		return "", nil
	}
	return MethodCode, nil
}

// Remove removes the app of a user and the recovery codes, and reports whether there was one.
func (s *Service) Remove(ctx context.Context, user *auth.User) (bool, error) {
	removed, err := s.own.RemoveTOTP(ctx, user.ID)
	if err != nil {
		return false, fmt.Errorf("twofactor: %w", err)
	}
	if removed {
		s.log.InfoContext(ctx, "second factor removed", "user", user.ID)
	}
	return removed, nil
}
