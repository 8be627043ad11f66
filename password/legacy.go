package password

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
)

// The hashers of this file are for tables that once were another program's or
// an ancient Django's. They only verify, and [DefaultHashers] has none of them:
// a leaked md5 is a leaked password. A user who logs in with one gets a hash of
// the preferred hasher, unless the policy is Never.

// MD5 verifies md5$<salt>$<hex>. Django: MD5PasswordHasher.
type MD5 struct{}

// SHA1 verifies sha1$<salt>$<hex>. Django up to 5.0: SHA1PasswordHasher.
type SHA1 struct{}

// UnsaltedMD5 verifies 32 bare hexadecimal digits, also behind md5$$. Django up
// to 5.0: UnsaltedMD5PasswordHasher.
type UnsaltedMD5 struct{}

// UnsaltedSHA1 verifies sha1$$<hex>. Django up to 5.0: UnsaltedSHA1PasswordHasher.
type UnsaltedSHA1 struct{}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// verifyOnly marks the hashers that cannot be preferred.
type verifyOnly interface{ verifyOnly() }

func (MD5) verifyOnly()          {}
func (SHA1) verifyOnly()         {}
func (UnsaltedMD5) verifyOnly()  {}
func (UnsaltedSHA1) verifyOnly() {}

// Algorithm is "md5".
func (MD5) Algorithm() string { return "md5" }

// Algorithm is "sha1".
func (SHA1) Algorithm() string { return "sha1" }

// Algorithm is "unsalted_md5", a name that does not occur in the hash.
func (UnsaltedMD5) Algorithm() string { return "unsalted_md5" }

// Algorithm is "unsalted_sha1", a name that does not occur in the hash.
func (UnsaltedSHA1) Algorithm() string { return "unsalted_sha1" }

// Encode fails with ErrVerifyOnly.
func (MD5) Encode(string) (Hash, error) { return "", ErrVerifyOnly }

// Encode fails with ErrVerifyOnly.
func (SHA1) Encode(string) (Hash, error) { return "", ErrVerifyOnly }

// Encode fails with ErrVerifyOnly.
func (UnsaltedMD5) Encode(string) (Hash, error) { return "", ErrVerifyOnly }

// Encode fails with ErrVerifyOnly.
func (UnsaltedSHA1) Encode(string) (Hash, error) { return "", ErrVerifyOnly }

// Verify reports whether raw makes h.
func (MD5) Verify(raw string, h Hash) (bool, error) { return verifySalted("md5", md5Hex, raw, h) }

// Verify reports whether raw makes h.
func (SHA1) Verify(raw string, h Hash) (bool, error) { return verifySalted("sha1", sha1Hex, raw, h) }

// Verify reports whether raw makes h.
func (UnsaltedMD5) Verify(raw string, h Hash) (bool, error) {
	stored := string(h)
	if len(stored) == 37 {
		stored = strings.TrimPrefix(stored, "md5$$")
	}
	return same(md5Hex(raw), stored), nil
}

// Verify reports whether raw makes h.
func (UnsaltedSHA1) Verify(raw string, h Hash) (bool, error) {
	return same("sha1$$"+sha1Hex(raw), string(h)), nil
}

// MustUpdate looks, as Django, only at the length of the salt; it matters where
// a hasher of the user's own embeds this one.
func (MD5) MustUpdate(h Hash, p UpdatePolicy) bool { return updateSalted("md5", h, p) }

// MustUpdate looks, as Django, only at the length of the salt.
func (SHA1) MustUpdate(h Hash, p UpdatePolicy) bool { return updateSalted("sha1", h, p) }

// MustUpdate is always true but under Never.
func (UnsaltedMD5) MustUpdate(_ Hash, p UpdatePolicy) bool { return p != Never }

// MustUpdate is always true but under Never.
func (UnsaltedSHA1) MustUpdate(_ Hash, p UpdatePolicy) bool { return p != Never }

// Cost is nothing beside a real password hash.
func (MD5) Cost(h Hash) (Cost, error) { return costSalted("md5", h) }

// Cost is nothing beside a real password hash.
func (SHA1) Cost(h Hash) (Cost, error) { return costSalted("sha1", h) }

// Cost is nothing beside a real password hash.
func (UnsaltedMD5) Cost(Hash) (Cost, error) { return Cost{}, nil }

// Cost is nothing beside a real password hash.
func (UnsaltedSHA1) Cost(Hash) (Cost, error) { return Cost{}, nil }

func parseSalted(name string, h Hash) (salt string, err error) {
	parts := strings.SplitN(string(h), "$", 3)
	if len(parts) != 3 || parts[0] != name || parts[1] == "" {
		return "", ErrMalformed
	}
	return parts[1], nil
}

func encodeSalted(name string, digest func(string) string, raw, salt string) (Hash, error) {
	if badSalt(salt) {
		return "", fmt.Errorf("%w: salt must be provided and cannot contain $", ErrMalformed)
	}
	return Hash(name + "$" + salt + "$" + digest(salt+raw)), nil
}

func verifySalted(name string, digest func(string) string, raw string, h Hash) (bool, error) {
	salt, err := parseSalted(name, h)
	if err != nil {
		return false, err
	}
	again, err := encodeSalted(name, digest, raw, salt)
	if err != nil {
		return false, err
	}
	return same(again.Encoded(), h.Encoded()), nil
}

func updateSalted(name string, h Hash, policy UpdatePolicy) bool {
	salt, err := parseSalted(name, h)
	return policy != Never && (err != nil || shortSalt(salt))
}

func costSalted(name string, h Hash) (Cost, error) {
	if h == "" {
		return Cost{}, nil
	}
	_, err := parseSalted(name, h)
	return Cost{}, err
}
