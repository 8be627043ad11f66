package twofactor

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/signing"
)

// recoveryCodes is how many a user gets at once.
const recoveryCodes = 10

// newRecoveryCodes returns new codes in groups of four, and their hashes.
func (s *Service) newRecoveryCodes(user *auth.User) (codes, hashes []string) {
	for range recoveryCodes {
		raw := make([]byte, recoveryLen)
		rand.Read(raw) // it never fails
		for i := range raw {
			raw[i] = recoverySet[raw[i]%byte(len(recoverySet))] // 32 divides 256
		}
		codes = append(codes, grouped(string(raw), "-"))
		hashes = append(hashes, recoveryHash(s.recovery[0], user, string(raw)))
	}
	return codes, hashes
}

// recoveryHash is what the database keeps of a code: a MAC by a key that is derived from the secret
// key. A slow hash as of passwords would add nothing, since a code has 120 random bits, which nobody
// guesses, and anyone who reads the database alone cannot even try.
func recoveryHash(m *signing.MAC, user *auth.User, code string) string {
	return m.Hex(fmt.Sprintf("%d:%s%s", len(user.ID), user.ID, code))
}

// grouped writes a text in groups of four characters.
func grouped(text, between string) string {
	var b strings.Builder
	for i := range len(text) {
		if i > 0 && i%4 == 0 {
			b.WriteString(between)
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// useRecovery uses up a recovery code, and reports whether it was one of the user's.
func (s *Service) useRecovery(ctx context.Context, user *auth.User, code string) (bool, error) {
	for _, m := range s.recovery { // also codes of before a change of the secret key
		used, err := s.own.UseRecoveryCode(ctx, user.ID, recoveryHash(m, user, code))
		if err != nil {
			return false, fmt.Errorf("twofactor: %w", err)
		}
		if used {
			return true, nil
		}
	}
	return false, nil
}

// NewRecoveryCodes replaces the recovery codes of a user, and returns the new ones. They can be read
// this once.
func (s *Service) NewRecoveryCodes(ctx context.Context, user *auth.User) ([]string, error) {
	codes, hashes := s.newRecoveryCodes(user)
	if err := s.own.ReplaceRecoveryCodes(ctx, user.ID, hashes); err != nil {
		return nil, fmt.Errorf("twofactor: %w", err)
	}
	s.log.InfoContext(ctx, "recovery codes replaced", "user", user.ID)
	return codes, nil
}
