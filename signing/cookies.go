package signing

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// CookieConfig specifies how to sign cookies. Only Key is required.
type CookieConfig struct {
	// Key and FallbackKeys as in Config.
	Key          string
	FallbackKeys []string
	// WriteLegacySalt derives the salt as Django did until 5.2.14 and 6.0.5,
	// <name><salt>, so that those can read the cookie. It lets a cookie pass for
	// another one whose name and salt join to the same text (CVE-2026-6873).
	WriteLegacySalt bool
	// AcceptLegacySalt also reads cookies signed so. Django:
	// SIGNED_COOKIE_LEGACY_SALT_FALLBACK.
	AcceptLegacySalt bool
}

// String hides the keys.
func (c CookieConfig) String() string { return "signing.CookieConfig{…}" }

// GoString hides the keys.
func (c CookieConfig) GoString() string { return c.String() }

// CookieSigner signs cookie values as Django's HttpResponse.set_signed_cookie
// and reads them as HttpRequest.get_signed_cookie.
type CookieSigner struct {
	config Config
	legacy struct{ write, accept bool }
	now    func() time.Time
}

// NewCookieSigner returns a CookieSigner. The error is about a missing key.
func NewCookieSigner(c CookieConfig) (*CookieSigner, error) {
	const prefix = "django.http.cookies"
	if c.Key == "" {
		return nil, errors.New("signing: no key given; set CookieConfig.Key (Django: SECRET_KEY)")
	}
	s := &CookieSigner{config: Config{Key: prefix + c.Key}, now: time.Now}
	for _, key := range c.FallbackKeys {
		s.config.FallbackKeys = append(s.config.FallbackKeys, prefix+key)
	}
	s.legacy.write, s.legacy.accept = c.WriteLegacySalt, c.AcceptLegacySalt
	return s, nil
}

// At returns a signer that takes t for the present time, for tests.
func (s *CookieSigner) At(t time.Time) *CookieSigner {
	twin := *s
	twin.now = func() time.Time { return t }
	return &twin
}

// Sign returns the signed value of the cookie name. The salt may be empty.
func (s *CookieSigner) Sign(name, salt, value string) string {
	return s.signer(cookieSalt(name, salt, s.legacy.write)).Sign(value)
}

// Unsign verifies a cookie's value. A maxAge of 0 means any age; beyond it the
// error is ErrExpired, and else ErrBadSignature.
func (s *CookieSigner) Unsign(name, salt, signed string, maxAge time.Duration) (string, error) {
	value, err := s.unsign(cookieSalt(name, salt, s.legacy.write), signed, maxAge)
	if err == nil || !s.legacy.accept || errors.Is(err, ErrExpired) {
		return value, err
	}
	return s.unsign(cookieSalt(name, salt, true), signed, maxAge)
}

func (s *CookieSigner) unsign(salt, signed string, maxAge time.Duration) (string, error) {
	signer := s.signer(salt)
	if maxAge > 0 {
		return signer.UnsignMaxAge(signed, maxAge)
	}
	value, _, err := signer.Unsign(signed)
	return value, err
}

func (s *CookieSigner) signer(salt string) *TimestampSigner {
	c := s.config
	c.Salt = salt
	signer, err := NewTimestamp(c)
	if err != nil {
		panic(err) // the key is there and the separator is the default
	}
	signer.now = s.now
	return signer
}

func cookieSalt(name, salt string, legacy bool) string {
	if legacy {
		return name + salt
	}
	return fmt.Sprintf("django.http.cookies.v2:%d:%s%s", utf8.RuneCountInString(salt), salt, name)
}
