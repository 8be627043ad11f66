package signing

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"strings"
)

// Errors of this package, to be tested with errors.Is.
var (
	// ErrBadSignature: the text was not signed with one of the keys, or was
	// changed since (Django: BadSignature).
	ErrBadSignature = errors.New("signing: bad signature")
	// ErrExpired: the signature is good and older than the given age (Django:
	// SignatureExpired). It is also an ErrBadSignature.
	ErrExpired = fmt.Errorf("%w: expired", ErrBadSignature)
	// ErrMalformed: the signature is good and what it signs is not what a
	// signer writes; only a holder of the key can cause it.
	ErrMalformed = errors.New("signing: malformed value")
	// ErrTooLarge: the value would inflate beyond MaxInflated.
	ErrTooLarge = fmt.Errorf("%w: too large when decompressed", ErrMalformed)
)

// Default salts: Django uses the dotted path of the class that signs.
const (
	SignerSalt    = "django.core.signing.Signer"
	TimestampSalt = "django.core.signing.TimestampSigner"
	// DumpsSalt is the default of Django's functions dumps and loads.
	DumpsSalt = "django.core.signing"
)

// Config specifies how to sign. Only Key is required.
type Config struct {
	// Key is the secret. Django: SECRET_KEY.
	Key string
	// FallbackKeys are old secrets that still verify, in order, and never sign.
	// Django: SECRET_KEY_FALLBACKS.
	FallbackKeys []string
	// Salt separates the uses of one key. Empty means SignerSalt or TimestampSalt.
	Salt string
	// Separator stands between value and signature. Empty means ":". It must
	// not consist only of characters that a signature may hold.
	Separator string
	// Hash is the hash function. Nil means SHA-256.
	Hash func() hash.Hash
	// AcceptSHA1 also accepts the SHA-1 signatures that Django 3.1 and older
	// wrote, and 3.2 with DEFAULT_HASHING_ALGORITHM = 'sha1'. Django 4.0 and
	// later do not accept them.
	AcceptSHA1 bool
}

// String hides the keys.
func (c Config) String() string { return fmt.Sprintf("signing.Config{Salt: %q}", c.Salt) }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Signer is Django's Signer. It is safe for concurrent use.
type Signer struct {
	sep  string
	macs []*MAC // the first one signs, all verify
}

// New returns a Signer. The error is about a missing key or an unsafe separator.
func New(c Config) (*Signer, error) {
	if c.Salt == "" {
		c.Salt = SignerSalt
	}
	return newSigner(c)
}

func newSigner(c Config) (*Signer, error) {
	if c.Key == "" {
		return nil, errors.New("signing: no key given; set Config.Key (Django: SECRET_KEY)")
	}
	if c.Separator == "" {
		c.Separator = ":"
	}
	if unsafeSeparator(c.Separator) {
		return nil, fmt.Errorf("signing: unsafe Signer separator: '%s' (cannot be empty or consist of only A-z0-9-_=)", c.Separator)
	}
	if c.Hash == nil {
		c.Hash = sha256.New
	}
	s := &Signer{sep: c.Separator}
	for _, key := range append([]string{c.Key}, c.FallbackKeys...) {
		s.macs = append(s.macs, NewMAC(c.Hash, c.Salt+"signer", key))
		if c.AcceptSHA1 {
			s.macs = append(s.macs, NewMAC(sha1.New, c.Salt+"signer", key))
		}
	}
	return s, nil
}

// unsafeSeparator is Django's test: only characters of [A-z0-9-_=], where A-z
// also spans the six characters between Z and a.
func unsafeSeparator(sep string) bool {
	for i := range len(sep) {
		c := sep[i]
		if !(c >= 'A' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '=') {
			return false
		}
	}
	return true
}

// Sign appends the separator and the signature of value (Django: Signer.sign).
func (s *Signer) Sign(value string) string {
	return value + s.sep + s.signature(s.macs[0], value)
}

func (s *Signer) signature(m *MAC, value string) string {
	var sum [64]byte
	return encodeBase64(m.Sum(sum[:0], value))
}

// Unsign returns the value of a signed text, or ErrBadSignature (Django:
// Signer.unsign). The signature is what follows the last separator; the
// comparison takes the same time wherever the texts differ.
func (s *Signer) Unsign(signed string) (string, error) {
	i := strings.LastIndex(signed, s.sep)
	if i < 0 {
		return "", fmt.Errorf("%w: no %q found in value", ErrBadSignature, s.sep)
	}
	value, signature := signed[:i], signed[i+len(s.sep):]
	for _, m := range s.macs {
		var want [128]byte
		if subtle.ConstantTimeCompare([]byte(signature), appendSignature(want[:0], m, value)) == 1 {
			return value, nil
		}
	}
	return "", fmt.Errorf("%w: signature does not match", ErrBadSignature)
}
