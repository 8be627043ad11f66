package password

import (
	stdpbkdf2 "crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/pbkdf2"
)

// defaultIterations is Django 6.1's PBKDF2 work factor.
const defaultIterations = 1_500_000

// djangoIterations are the defaults of Django's PBKDF2PasswordHasher.
var djangoIterations = map[string]int{
	"3.2": 260_000, "4.0": 320_000, "4.1": 390_000, "4.2": 600_000, "5.0": 720_000, "5.1": 870_000,
	"5.2": 1_000_000, "6.0": 1_200_000, "6.1": defaultIterations, "6.2": 1_800_000,
}

// DjangoIterations is the PBKDF2 work factor of a Django version, "5.2" for
// instance, to share a table with it. Versions 3.2 to 6.2 are known.
func DjangoIterations(version string) (iterations int, ok bool) {
	iterations, ok = djangoIterations[version]
	return iterations, ok
}

// PBKDF2SHA256 is the algorithm that Django prefers:
// pbkdf2_sha256$<iterations>$<salt>$<base64>. Django: PBKDF2PasswordHasher.
type PBKDF2SHA256 struct {
	// Iterations of new hashes; zero means 1,500,000, that of Django 6.1.
	Iterations int
}

// PBKDF2SHA1 is pbkdf2_sha1, for other programs' sake. Django: PBKDF2SHA1PasswordHasher.
type PBKDF2SHA1 struct {
	// Iterations of new hashes; zero means 1,500,000, that of Django 6.1.
	Iterations int
}

// pbkdf2Kind is what the two share.
type pbkdf2Kind struct {
	name       string
	derive     derive
	perRound   time.Duration // nominal time of one iteration
	iterations int
}

// derive returns the key, of the length of its hash function.
type derive func(raw string, salt []byte, iterations int) ([]byte, error)

func deriveSHA1(raw string, salt []byte, iterations int) ([]byte, error) {
	return stdpbkdf2.Key(sha1.New, raw, salt, iterations, sha1.Size)
}

func deriveSHA256(raw string, salt []byte, iterations int) ([]byte, error) {
	return pbkdf2.Key(raw, salt, iterations, sha256.Size)
}

func (p PBKDF2SHA256) kind() pbkdf2Kind {
	perRound := time.Duration(170)
	if pbkdf2.Accelerated() {
		perRound = 80
	}
	return pbkdf2Kind{"pbkdf2_sha256", deriveSHA256, perRound, orDefault(p.Iterations, defaultIterations)}
}

func (p PBKDF2SHA1) kind() pbkdf2Kind {
	return pbkdf2Kind{"pbkdf2_sha1", deriveSHA1, 195, orDefault(p.Iterations, defaultIterations)}
}

// Algorithm is "pbkdf2_sha256".
func (p PBKDF2SHA256) Algorithm() string { return "pbkdf2_sha256" }

// Encode returns a new hash.
func (p PBKDF2SHA256) Encode(raw string) (Hash, error) {
	return p.kind().encode(raw, randomText(saltLength))
}

// Verify reports whether raw makes h.
func (p PBKDF2SHA256) Verify(raw string, h Hash) (bool, error) { return p.kind().verify(raw, h) }

// MustUpdate compares the iterations and the length of the salt.
func (p PBKDF2SHA256) MustUpdate(h Hash, policy UpdatePolicy) bool {
	return p.kind().mustUpdate(h, policy)
}

// Cost is proportional to the iterations.
func (p PBKDF2SHA256) Cost(h Hash) (Cost, error) { return p.kind().cost(h) }

// Harden computes iterations and throws them away.
func (p PBKDF2SHA256) Harden(raw string, work time.Duration) { p.kind().harden(raw, work) }

func (p PBKDF2SHA256) validate() error { return p.kind().validate() }

// Algorithm is "pbkdf2_sha1".
func (p PBKDF2SHA1) Algorithm() string { return "pbkdf2_sha1" }

// Encode returns a new hash.
func (p PBKDF2SHA1) Encode(raw string) (Hash, error) {
	return p.kind().encode(raw, randomText(saltLength))
}

// Verify reports whether raw makes h.
func (p PBKDF2SHA1) Verify(raw string, h Hash) (bool, error) { return p.kind().verify(raw, h) }

// MustUpdate compares the iterations and the length of the salt.
func (p PBKDF2SHA1) MustUpdate(h Hash, policy UpdatePolicy) bool {
	return p.kind().mustUpdate(h, policy)
}

// Cost is proportional to the iterations.
func (p PBKDF2SHA1) Cost(h Hash) (Cost, error) { return p.kind().cost(h) }

// Harden computes iterations and throws them away.
func (p PBKDF2SHA1) Harden(raw string, work time.Duration) { p.kind().harden(raw, work) }

func (p PBKDF2SHA1) validate() error { return p.kind().validate() }

func (k pbkdf2Kind) validate() error {
	if k.iterations < 0 {
		return fmt.Errorf("password: %s: Iterations %d is negative", k.name, k.iterations)
	}
	return nil
}

// parse splits a hash, as far as must_update needs it.
func (k pbkdf2Kind) parse(h Hash) (iterations int64, salt string, err error) {
	parts := strings.SplitN(string(h), "$", 4)
	if len(parts) != 4 || parts[0] != k.name {
		return 0, "", ErrMalformed
	}
	iterations, ok := decimal(parts[1])
	if !ok || iterations == 0 || parts[2] == "" {
		return 0, "", ErrMalformed
	}
	return iterations, parts[2], nil
}

func (k pbkdf2Kind) encode(raw, salt string) (Hash, error) {
	if badSalt(salt) {
		return "", fmt.Errorf("%w: salt must be provided and cannot contain $", ErrMalformed)
	}
	key, err := k.derive(raw, []byte(salt), k.iterations)
	if err != nil {
		return "", fmt.Errorf("password: %s: %w", k.name, err)
	}
	text := base64.StdEncoding.EncodeToString(key)
	return Hash(k.name + "$" + strconv.Itoa(k.iterations) + "$" + salt + "$" + text), nil
}

func (k pbkdf2Kind) verify(raw string, h Hash) (bool, error) {
	iterations, salt, err := k.parse(h)
	if err != nil {
		return false, err
	}
	if k.iterations = int(iterations); int64(k.iterations) != iterations { // on 32 bits
		return false, ErrMalformed
	}
	again, err := k.encode(raw, salt)
	if err != nil {
		return false, err
	}
	return same(again.Encoded(), h.Encoded()), nil
}

func (k pbkdf2Kind) mustUpdate(h Hash, policy UpdatePolicy) bool {
	iterations, salt, err := k.parse(h)
	switch {
	case policy == Never:
		return false
	case err != nil || shortSalt(salt):
		return true
	case policy == OnlyUp:
		return iterations < int64(k.iterations)
	}
	return iterations != int64(k.iterations)
}

func (k pbkdf2Kind) cost(h Hash) (Cost, error) {
	iterations := int64(k.iterations)
	if h != "" {
		var err error
		if iterations, _, err = k.parse(h); err != nil {
			return Cost{}, err
		}
	}
	return Cost{Work: time.Duration(times(iterations, int64(k.perRound)))}, nil
}

func (k pbkdf2Kind) harden(raw string, work time.Duration) {
	if n := int(work / k.perRound); n > 0 {
		_, _ = k.derive(raw, []byte(letters[:saltLength]), n)
	}
}
