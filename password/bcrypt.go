package password

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// BCryptSHA256 is bcrypt over the hexadecimal SHA-256 of the password, which
// lifts bcrypt's limits: bcrypt_sha256$$2b$12$<salt><hash>.
// Django: BCryptSHA256PasswordHasher.
type BCryptSHA256 struct {
	// Rounds is the base-2 logarithm of the work, 4 to 31; zero means 12.
	Rounds int
}

// BCrypt is plain bcrypt: bcrypt$$2b$12$<salt><hash>. It reads 72 bytes of a
// password. Passwords that are longer, or that hold a NUL byte, still verify
// against hashes that some Django made of them, but Encode refuses to make more
// of those. It is not in Django's default list. Django: BCryptPasswordHasher.
type BCrypt struct {
	// Rounds is the base-2 logarithm of the work, 4 to 31; zero means 12.
	Rounds int
}

const (
	bcryptRounds   = 12
	bcryptBytes    = 72
	bcryptLength   = 60                    // $2b$12$ and 22 + 31 characters
	bcryptPerRound = 58 * time.Microsecond // nominal, to be doubled Rounds times
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptKind is what the two share.
type bcryptKind struct {
	name   string
	rounds int
}

func (b BCryptSHA256) kind() bcryptKind {
	return bcryptKind{"bcrypt_sha256", orDefault(b.Rounds, bcryptRounds)}
}

func (b BCrypt) kind() bcryptKind { return bcryptKind{"bcrypt", orDefault(b.Rounds, bcryptRounds)} }

// prehash is what BCryptSHA256 gives to bcrypt.
func prehash(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:])
}

// Algorithm is "bcrypt_sha256".
func (b BCryptSHA256) Algorithm() string { return "bcrypt_sha256" }

// Encode returns a new hash.
func (b BCryptSHA256) Encode(raw string) (Hash, error) { return b.kind().encode(prehash(raw)) }

// Verify reports whether raw makes h. Hashes of the prefixes 2a, 2b and 2y verify.
func (b BCryptSHA256) Verify(raw string, h Hash) (bool, error) {
	return b.kind().verify(prehash(raw), h)
}

// MustUpdate compares the rounds.
func (b BCryptSHA256) MustUpdate(h Hash, policy UpdatePolicy) bool {
	return b.kind().mustUpdate(h, policy)
}

// Cost doubles with every round.
func (b BCryptSHA256) Cost(h Hash) (Cost, error) { return b.kind().cost(h) }

// Harden runs bcrypt with fewer rounds, as often as the work is worth.
func (b BCryptSHA256) Harden(raw string, work time.Duration) { b.kind().harden(prehash(raw), work) }

func (b BCryptSHA256) validate() error { return b.kind().validate() }

// Algorithm is "bcrypt".
func (b BCrypt) Algorithm() string { return "bcrypt" }

// Encode returns a new hash, or fails with ErrTooLong or ErrNUL.
func (b BCrypt) Encode(raw string) (Hash, error) {
	if err := b.accepts(raw); err != nil {
		return "", err
	}
	return b.kind().encode(raw)
}

// accepts returns what Encode would return, without the work.
func (b BCrypt) accepts(raw string) error {
	switch {
	case len(raw) > bcryptBytes:
		return ErrTooLong
	case strings.Contains(raw, "\x00"):
		return ErrNUL
	}
	return nil
}

// Verify reports whether raw makes h. Hashes of the prefixes 2a, 2b and 2y verify;
// as in Django, only the first 72 bytes of raw count.
func (b BCrypt) Verify(raw string, h Hash) (bool, error) { return b.kind().verify(raw, h) }

// MustUpdate compares the rounds.
func (b BCrypt) MustUpdate(h Hash, policy UpdatePolicy) bool { return b.kind().mustUpdate(h, policy) }

// Cost doubles with every round.
func (b BCrypt) Cost(h Hash) (Cost, error) { return b.kind().cost(h) }

// Harden runs bcrypt with fewer rounds, as often as the work is worth.
func (b BCrypt) Harden(raw string, work time.Duration) { b.kind().harden(raw, work) }

func (b BCrypt) validate() error { return b.kind().validate() }

func (k bcryptKind) validate() error {
	if k.rounds < bcrypt.MinCost || k.rounds > bcrypt.MaxCost {
		return fmt.Errorf("password: %s: Rounds %d is not in %d..%d", k.name, k.rounds, bcrypt.MinCost, bcrypt.MaxCost)
	}
	return nil
}

func (k bcryptKind) encode(key string) (Hash, error) {
	made, err := bcrypt.GenerateFromPassword([]byte(key), k.rounds)
	if err != nil {
		return "", fmt.Errorf("password: %s: %w", k.name, err)
	}
	// x/crypto writes 2a. It means the same: the two differ for passwords of
	// more than 254 bytes, and only in programs that had OpenBSD's old bug.
	return Hash(k.name + "$$2b" + strings.TrimPrefix(string(made), "$2a")), nil
}

// parse splits a hash, as far as must_update needs it.
func (k bcryptKind) parse(h Hash) (rounds int, data string, err error) {
	data, ok := strings.CutPrefix(string(h), k.name+"$")
	if !ok || len(data) != bcryptLength || data[0] != '$' || data[3] != '$' || data[6] != '$' {
		return 0, "", ErrMalformed
	}
	switch data[1:3] {
	case "2a", "2b", "2y":
	default:
		return 0, "", ErrMalformed
	}
	if data[4] < '0' || data[4] > '9' || data[5] < '0' || data[5] > '9' {
		return 0, "", ErrMalformed
	}
	rounds = int(data[4]-'0')*10 + int(data[5]-'0')
	if rounds < bcrypt.MinCost || rounds > bcrypt.MaxCost {
		return 0, "", ErrMalformed
	}
	return rounds, data, nil
}

// check also refuses what no bcrypt writes: characters outside its alphabet, and
// bits in the salt's last character that do not belong to the salt.
func (k bcryptKind) check(h Hash) (rounds int, data string, err error) {
	rounds, data, err = k.parse(h)
	if err != nil {
		return 0, "", err
	}
	if strings.IndexByte(".Oeu", data[28]) < 0 {
		return 0, "", ErrMalformed
	}
	for i := 7; i < bcryptLength; i++ {
		if strings.IndexByte(bcryptAlphabet, data[i]) < 0 {
			return 0, "", ErrMalformed
		}
	}
	return rounds, data, nil
}

func (k bcryptKind) verify(key string, h Hash) (bool, error) {
	_, data, err := k.check(h)
	if err != nil {
		return false, err
	}
	switch err := bcrypt.CompareHashAndPassword([]byte(data), []byte(key)); {
	case err == nil:
		return true, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
}

func (k bcryptKind) mustUpdate(h Hash, policy UpdatePolicy) bool {
	rounds, _, err := k.parse(h)
	switch {
	case policy == Never:
		return false
	case err != nil:
		return true
	case policy == OnlyUp:
		return rounds < k.rounds
	}
	return rounds != k.rounds
}

func (k bcryptKind) cost(h Hash) (Cost, error) {
	rounds := k.rounds
	if h != "" {
		var err error
		if rounds, _, err = k.check(h); err != nil {
			return Cost{}, err
		}
	}
	return Cost{Work: bcryptPerRound << rounds}, nil
}

// harden splits the work into powers of two: what rounds 12 does more than
// rounds 9 are rounds 11, 10 and 9.
func (k bcryptKind) harden(key string, work time.Duration) {
	key = key[:min(len(key), bcryptBytes)]
	for rounds := k.rounds; rounds >= bcrypt.MinCost; {
		if bcryptPerRound<<rounds > work {
			rounds--
			continue
		}
		work -= bcryptPerRound << rounds
		_, _ = bcrypt.GenerateFromPassword([]byte(key), rounds)
	}
}
