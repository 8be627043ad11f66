package password

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// Argon2 is RFC 9106's function in its id variant, encoded as the word "argon2"
// and a PHC string: argon2$argon2id$v=19$m=102400,t=2,p=8$<salt>$<hash>.
// Hashes of argon2i verify too; argon2d and the old version 16 are unsupported.
// Django: Argon2PasswordHasher.
type Argon2 struct {
	// Time is the number of passes; zero means 2. Django: time_cost.
	Time int
	// Memory is in KiB; zero means 102400, that is 100 MiB. Django: memory_cost.
	Memory int
	// Parallelism is the number of lanes, up to 255; zero means 8.
	Parallelism int
	// HashLength is in bytes; zero means 32, as argon2-cffi since 21.2. Older
	// ones (Debian 12 and 13 have one) make 16, and under Exact a different
	// length alone makes a hash be replaced: set 16 beside such a Django.
	HashLength int
}

const (
	argon2PerKiB = 900 // nominal ns for a KiB in one pass
	argon2MaxP   = 255 // x/crypto counts the lanes in a byte
)

// argon2Params is a PHC string taken apart.
type argon2Params struct {
	variant string // argon2i or argon2id
	version int64
	m, t, p int64 // KiB, passes, lanes
	salt    []byte
	hash    []byte
}

func (a Argon2) params() argon2Params {
	return argon2Params{
		variant: "argon2id", version: argon2.Version,
		m:    int64(orDefault(a.Memory, 102400)),
		t:    int64(orDefault(a.Time, 2)),
		p:    int64(orDefault(a.Parallelism, 8)),
		hash: make([]byte, max(0, orDefault(a.HashLength, 32))),
	}
}

// Algorithm is "argon2".
func (a Argon2) Algorithm() string { return "argon2" }

// Encode returns a new hash.
func (a Argon2) Encode(raw string) (Hash, error) { return a.encode(raw, randomText(saltLength)), nil }

func (a Argon2) encode(raw, salt string) Hash {
	p := a.params()
	p.salt = []byte(salt)
	b64 := base64.RawStdEncoding
	return Hash(fmt.Sprintf("argon2$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", p.variant, p.version, p.m, p.t, p.p,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.key(raw))))
}

// key runs the function. The parameters are in its bounds: see validate, check.
func (p argon2Params) key(raw string) []byte {
	f := argon2.IDKey
	if p.variant == "argon2i" {
		f = argon2.Key
	}
	return f([]byte(raw), p.salt, uint32(p.t), uint32(p.m), uint8(p.p), uint32(len(p.hash)))
}

// Verify reports whether raw makes h.
func (a Argon2) Verify(raw string, h Hash) (bool, error) {
	p, err := parseArgon2(h)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return false, err
	}
	return same(string(p.key(raw)), string(p.hash)), nil
}

// MustUpdate under Exact compares, as Django, the variant, version, passes,
// memory, lanes, the length of the hash and that of the salt. OnlyUp replaces
// argon2i, salts and hashes of fewer than 128 bits, and what has no more memory
// and no more memory times passes than a new hash, but less of one of them.
func (a Argon2) MustUpdate(h Hash, policy UpdatePolicy) bool {
	stored, err := parseArgon2(h)
	wanted := a.params()
	switch {
	case policy == Never:
		return false
	case err != nil || len(stored.salt) < saltLength:
		return true
	case policy == Exact:
		return stored.variant != wanted.variant || stored.version != wanted.version ||
			stored.m != wanted.m || stored.t != wanted.t || stored.p != wanted.p ||
			len(stored.hash) != len(wanted.hash)
	}
	return stored.variant != wanted.variant || stored.version != wanted.version ||
		len(stored.hash) < min(16, len(wanted.hash)) ||
		dominated([2]int64{stored.m, times(stored.m, stored.t)}, [2]int64{wanted.m, times(wanted.m, wanted.t)})
}

// Cost is proportional to memory times passes.
func (a Argon2) Cost(h Hash) (Cost, error) {
	p := a.params()
	if h != "" {
		var err error
		if p, err = parseArgon2(h); err != nil {
			return Cost{}, err
		}
		if err := p.check(); err != nil {
			return Cost{}, err
		}
	}
	return Cost{time.Duration(times(p.m, p.t, argon2PerKiB)), times(p.m, 1024)}, nil
}

// Harden runs the same number of passes over as much memory as the work is
// worth, at most that of a new hash.
func (a Argon2) Harden(raw string, work time.Duration) {
	p := a.params()
	p.salt = []byte(letters[:saltLength])
	p.m = min(p.m, int64(work/argon2PerKiB)/p.t)
	if p.m >= 8*p.p {
		p.key(raw)
		return
	}
	if p.p, p.t = 1, 1; p.m >= 8 {
		p.key(raw)
	}
}

func (a Argon2) validate() error {
	p := a.params()
	if a.HashLength < 0 || len(p.hash) < 4 || len(p.hash) > maxEncoded {
		return fmt.Errorf("password: argon2: HashLength %d is not in 4..%d", a.HashLength, maxEncoded)
	}
	p.salt = make([]byte, saltLength)
	if p.check() != nil {
		return fmt.Errorf("password: argon2: Time %d, Memory %d KiB and Parallelism %d do not go together: "+
			"Time at least 1, Parallelism 1 to %d, Memory at least 8 KiB a lane", p.t, p.m, p.p, argon2MaxP)
	}
	return nil
}

// check refuses what the reference implementation refuses (RFC 9106, 3.1), and
// what x/crypto cannot compute.
func (p argon2Params) check() error {
	switch {
	case p.variant == "argon2d" || p.version != argon2.Version || p.p > argon2MaxP:
		return ErrUnsupported
	case p.t < 1 || p.p < 1 || p.m < 8*p.p || p.m > 1<<32-1 || p.t > 1<<32-1:
		return ErrMalformed
	case len(p.salt) < 8 || len(p.hash) < 4:
		return ErrMalformed
	}
	return nil
}

// parseArgon2 reads argon2$argon2id$v=19$m=1,t=1,p=1$salt$hash; without v= it is
// version 16.
func parseArgon2(h Hash) (p argon2Params, err error) {
	parts := strings.Split(string(h), "$")
	p.version = 16
	if len(parts) == 6 {
		var ok bool
		if p.version, ok = number(parts[2], "v="); !ok {
			return p, ErrMalformed
		}
		parts = append(parts[:2], parts[3:]...)
	}
	if len(parts) != 5 || parts[0] != "argon2" {
		return p, ErrMalformed
	}
	switch p.variant = parts[1]; p.variant {
	case "argon2i", "argon2id", "argon2d":
	default:
		return p, ErrMalformed
	}
	numbers := strings.Split(parts[2], ",")
	if len(numbers) != 3 {
		return p, ErrMalformed
	}
	var okM, okT, okP, okSalt, okHash bool
	p.m, okM = number(numbers[0], "m=")
	p.t, okT = number(numbers[1], "t=")
	p.p, okP = number(numbers[2], "p=")
	p.salt, okSalt = phcBytes(parts[3])
	p.hash, okHash = phcBytes(parts[4])
	if !okM || !okT || !okP || !okSalt || !okHash {
		return p, ErrMalformed
	}
	return p, nil
}

func number(s, prefix string) (int64, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return 0, false
	}
	return decimal(digits)
}

// phcBytes reads PHC's base64, which has one spelling for every value.
func phcBytes(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // encoding/base64 skips them
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return b, err == nil
}
