package signing

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func appendSignature(dst []byte, m *MAC, value string) []byte {
	var sum [64]byte
	return base64.RawURLEncoding.AppendEncode(dst, m.Sum(sum[:0], value))
}

// TimestampSigner is Django's TimestampSigner: a Signer that also signs when.
// It is safe for concurrent use.
type TimestampSigner struct {
	signer *Signer
	now    func() time.Time
}

// NewTimestamp returns a TimestampSigner. The error is about a missing key or an
// unsafe separator.
func NewTimestamp(c Config) (*TimestampSigner, error) {
	if c.Salt == "" {
		c.Salt = TimestampSalt
	}
	signer, err := newSigner(c)
	if err != nil {
		return nil, err
	}
	return &TimestampSigner{signer: signer, now: time.Now}, nil
}

// At returns a signer that takes t for the present time: for tests, and for
// values that must be signed in the past.
func (s *TimestampSigner) At(t time.Time) *TimestampSigner {
	return &TimestampSigner{signer: s.signer, now: func() time.Time { return t }}
}

// Sign appends the time in whole seconds and the signature (Django:
// TimestampSigner.sign).
func (s *TimestampSigner) Sign(value string) string {
	return s.signer.Sign(value + s.signer.sep + EncodeBase62(s.now().Unix()))
}

// Unsign returns the value of a signed text of any age, and when it was signed.
// The error is ErrBadSignature or ErrMalformed.
func (s *TimestampSigner) Unsign(signed string) (value string, at time.Time, err error) {
	stamped, err := s.signer.Unsign(signed)
	if err != nil {
		return "", time.Time{}, err
	}
	i := strings.LastIndex(stamped, s.signer.sep)
	if i < 0 {
		return "", time.Time{}, fmt.Errorf("%w: no timestamp", ErrMalformed)
	}
	seconds, err := DecodeBase62(stamped[i+len(s.signer.sep):])
	if err != nil {
		return "", time.Time{}, err
	}
	const forever = 1 << 40 // 34,000 years, which a time.Time still holds
	return stamped[:i], time.Unix(max(-forever, min(seconds, forever)), 0), nil
}

// UnsignMaxAge is Unsign for a text that must not be older than maxAge; else
// the error is an *ExpiredError, which is ErrExpired (Django: unsign with
// max_age). A time in the future is accepted, as Django does.
func (s *TimestampSigner) UnsignMaxAge(signed string, maxAge time.Duration) (string, error) {
	value, at, err := s.Unsign(signed)
	if err != nil {
		return "", err
	}
	if age := s.now().Sub(at); age > maxAge {
		return "", &ExpiredError{Age: age, MaxAge: maxAge}
	}
	return value, nil
}

// ExpiredError reports by how much a signature is too old.
type ExpiredError struct {
	Age, MaxAge time.Duration
}

// Error is Django's sentence.
func (e *ExpiredError) Error() string {
	text := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
	return "signing: signature age " + text(e.Age) + " > " + text(e.MaxAge) + " seconds"
}

// Unwrap returns ErrExpired.
func (e *ExpiredError) Unwrap() error { return ErrExpired }
