package password

import (
	"crypto/subtle"
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Errors of a [Hasher]. ErrTooLong and ErrNUL also come out of [Hashers.Make],
// where they are the user's mistake; Check turns the others into a [Reason].
var (
	// ErrMalformed: the hash names this algorithm but is not in its format.
	ErrMalformed = errors.New("password: malformed hash")
	// ErrUnsupported: a variant that this program cannot compute, argon2d or
	// argon2 version 16 for instance.
	ErrUnsupported = errors.New("password: unsupported variant of the algorithm")
	// ErrVerifyOnly: the algorithm is too weak to make new hashes with.
	ErrVerifyOnly = errors.New("password: the algorithm only verifies")
	// ErrTooLong: bcrypt would ignore everything after the 72nd byte.
	ErrTooLong = errors.New("password: longer than the 72 bytes that bcrypt reads; use bcrypt_sha256")
	// ErrNUL: bcrypt implementations disagree about NUL bytes.
	ErrNUL = errors.New("password: bcrypt takes no NUL bytes; use bcrypt_sha256")
)

// Hasher is one algorithm with the parameters for new hashes. The methods are
// safe for concurrent use. They block for as long as the algorithm takes:
// [Hashers] calls them under its admission; nothing else should.
type Hasher interface {
	// Algorithm is the name that the encoded hash begins with.
	Algorithm() string
	// Encode hashes raw with a fresh random salt, or fails with ErrTooLong,
	// ErrNUL or ErrVerifyOnly.
	Encode(raw string) (Hash, error)
	// Verify reports whether raw makes h, in constant time where they are
	// compared. It is only called with an h whose Cost was accepted.
	Verify(raw string, h Hash) (bool, error)
	// MustUpdate reports whether h, which is of this algorithm and was verified,
	// ought to be replaced by one that Encode makes. Django: must_update.
	MustUpdate(h Hash, policy UpdatePolicy) bool
	// Cost tells, without computing anything, what Verify takes for h or, where
	// h is empty, what Encode takes. It fails with ErrMalformed or
	// ErrUnsupported for an h that Verify could not work on.
	Cost(h Hash) (Cost, error)
}

// Hardener is a Hasher that can do a part of its work, to make a failed check
// of a weaker hash as slow as one of a new hash. Where the preferred Hasher is
// none, a whole Encode stands in. Django: harden_runtime.
type Hardener interface {
	Harden(raw string, work time.Duration)
}

// Cost is what one hash takes.
type Cost struct {
	// Work is the time on an ordinary core of a server of 2025, by arithmetic
	// and not by a clock: it says which of two hashes is the dearer one, and
	// whether a stored one is out of all bounds.
	Work time.Duration
	// Memory is in bytes; 0 where it does not matter.
	Memory int64
}

// maxEncoded is the longest hash that is looked at. Django's column has 128
// characters; argon2 with long salts and hashes may need more.
const maxEncoded = 1024

// decimal reads a number as Python's str(int) writes it: digits only, no sign,
// no leading zero. Other spellings never verify, because Django compares the
// whole re-encoded text. A number too big for int64 becomes the biggest one,
// which no bound accepts.
func decimal(s string) (int64, bool) {
	if s == "" || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64, true
	}
	return n, true
}

// times multiplies numbers that are not negative, and stops at the biggest.
func times(factors ...int64) int64 {
	product := uint64(1)
	for _, f := range factors {
		high, low := bits.Mul64(product, uint64(f))
		if high != 0 || low > math.MaxInt64 {
			return math.MaxInt64
		}
		product = low
	}
	return int64(product)
}

// same compares in constant time; only the length can be told from it.
func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// badSalt is Django's check of a salt: it "must be provided and cannot contain $".
func badSalt(salt string) bool { return salt == "" || strings.Contains(salt, "$") }

// shortSalt is Django's must_update_salt: fewer than 128 bits, if the salt is
// of letters and digits. Python counts code points.
func shortSalt(salt string) bool { return utf8.RuneCountInString(salt) < saltLength }

// orDefault is value, or standard where value is zero.
func orDefault(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}
