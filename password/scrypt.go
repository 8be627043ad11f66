package password

import (
	"encoding/base64"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/scrypt"
)

// Scrypt is RFC 7914's function: scrypt$<N>$<salt>$<r>$<p>$<base64>. Djangos
// since 4.0 have it. Django: ScryptPasswordHasher.
type Scrypt struct {
	// N is the cost, a power of two; zero means 16384. Django: work_factor.
	N int
	// R is the block size; zero means 8. A hash takes 128*N*R bytes of memory.
	R int
	// P is the parallelism; zero means 5, as in Django since 5.1 (before: 1).
	P int
}

const (
	scryptLength = 64
	scryptPerKiB = 2400 // nominal ns for a KiB that is filled and read again
)

// params are N, r and p.
type scryptParams struct{ n, r, p int64 }

func (s Scrypt) params() scryptParams {
	return scryptParams{int64(orDefault(s.N, 16384)), int64(orDefault(s.R, 8)), int64(orDefault(s.P, 5))}
}

// traffic is the KiB that are filled; memory the bytes that are held.
func (p scryptParams) traffic() int64 { return max(1, times(128, p.n, p.r, p.p)/1024) }

func (p scryptParams) memory() int64 {
	v, b := times(128, p.n, p.r), times(128, p.r, p.p)
	return max(v, b, v+b) // the sum, unless it is out of all bounds
}

func (p scryptParams) valid() bool {
	return p.n > 1 && bits.OnesCount64(uint64(p.n)) == 1 && p.r > 0 && p.p > 0 && times(p.r, p.p) < 1<<30
}

// Algorithm is "scrypt".
func (s Scrypt) Algorithm() string { return "scrypt" }

// Encode returns a new hash.
func (s Scrypt) Encode(raw string) (Hash, error) {
	return encodeScrypt(raw, randomText(saltLength), s.params())
}

// Verify reports whether raw makes h.
func (s Scrypt) Verify(raw string, h Hash) (bool, error) {
	params, salt, err := parseScrypt(h)
	if err != nil {
		return false, err
	}
	again, err := encodeScrypt(raw, salt, params)
	if err != nil {
		return false, err
	}
	return same(again.Encoded(), h.Encoded()), nil
}

// MustUpdate compares N, r and p. As Django it does not look at the salt, except
// that OnlyUp replaces a salt of fewer than 128 bits too.
func (s Scrypt) MustUpdate(h Hash, policy UpdatePolicy) bool {
	stored, salt, err := parseScrypt(h)
	wanted := s.params()
	switch {
	case policy == Never:
		return false
	case err != nil:
		return true
	case policy == Exact:
		return stored != wanted
	}
	return shortSalt(salt) || dominated(
		[2]int64{times(stored.n, stored.r), stored.traffic()},
		[2]int64{times(wanted.n, wanted.r), wanted.traffic()})
}

// Cost is proportional to N*r*p, and the memory to N*r.
func (s Scrypt) Cost(h Hash) (Cost, error) {
	params := s.params()
	if h != "" {
		var err error
		if params, _, err = parseScrypt(h); err != nil {
			return Cost{}, err
		}
	}
	return Cost{time.Duration(times(params.traffic(), scryptPerKiB)), params.memory()}, nil
}

// Harden runs scrypt over as much memory as the work is worth.
func (s Scrypt) Harden(raw string, work time.Duration) {
	params := s.params()
	params.p = 1
	lane := params.traffic()
	for left := int64(work / scryptPerKiB); left > 0 && params.n > 1; {
		if lane <= left {
			_, _ = encodeScrypt(raw, letters[:saltLength], params)
			left -= lane
			continue
		}
		params.n /= 2
		lane = params.traffic()
		if lane <= 1 {
			return
		}
	}
}

func (s Scrypt) validate() error {
	if p := s.params(); !p.valid() {
		return fmt.Errorf("password: scrypt: N %d must be a power of two, and R %d and P %d positive", p.n, p.r, p.p)
	}
	return nil
}

func parseScrypt(h Hash) (params scryptParams, salt string, err error) {
	parts := strings.Split(string(h), "$")
	if len(parts) != 6 || parts[0] != "scrypt" || parts[2] == "" {
		return scryptParams{}, "", ErrMalformed
	}
	var okN, okR, okP bool
	params.n, okN = decimal(parts[1])
	params.r, okR = decimal(parts[3])
	params.p, okP = decimal(parts[4])
	if !okN || !okR || !okP || !params.valid() {
		return scryptParams{}, "", ErrMalformed
	}
	return params, parts[2], nil
}

func encodeScrypt(raw, salt string, p scryptParams) (Hash, error) {
	if badSalt(salt) {
		return "", fmt.Errorf("%w: salt must be provided and cannot contain $", ErrMalformed)
	}
	key, err := scrypt.Key([]byte(raw), []byte(salt), int(p.n), int(p.r), int(p.p), scryptLength)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Hash("scrypt$" + strconv.FormatInt(p.n, 10) + "$" + salt + "$" + strconv.FormatInt(p.r, 10) +
		"$" + strconv.FormatInt(p.p, 10) + "$" + base64.StdEncoding.EncodeToString(key)), nil
}
