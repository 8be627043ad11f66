package cookiestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// Salt is the salt of Django's engine.
const Salt = "django.contrib.sessions.backends.signed_cookies"

// MaxCookie is how long name and value of a cookie may be together. Browsers drop
// longer ones without a word; Django does not look.
const MaxCookie = 4096

// Config specifies how cookies are signed. Only Signing.Keys are required.
type Config struct {
	// Signing contains the keys. Its Salt is that of this package when empty.
	Signing sessions.CodecConfig
	// CookieName is "sessionid" when empty. It must be that of sessions.Config.
	// Django: SESSION_COOKIE_NAME.
	CookieName string
	// CookieAge is how long a cookie is believed; sessions.DefaultCookieAge when
	// 0. It must be that of sessions.Config. Django: SESSION_COOKIE_AGE.
	CookieAge time.Duration
	// Location is that of sessions.Config.
	Location *time.Location
}

// Store is a sessions.Store without a store. It is safe for concurrent use.
type Store struct {
	config Config
	codec  *sessions.Codec
}

var (
	_ sessions.Store       = (*Store)(nil)
	_ sessions.Irrevocable = (*Store)(nil)
)

// NewIrrevocable returns a store whose sessions nobody can end before their time:
// see the package comment. The error is about a missing key.
func NewIrrevocable(c Config) (*Store, error) {
	if c.Signing.Salt == "" {
		c.Signing.Salt = Salt
	}
	if c.CookieName == "" {
		c.CookieName = sessions.DefaultCookieName
	}
	if c.CookieAge == 0 {
		c.CookieAge = sessions.DefaultCookieAge
	}
	codec, err := sessions.NewCodec(c.Signing)
	if err != nil {
		return nil, fmt.Errorf("cookiestore: %w", err)
	}
	return &Store{c, codec}, nil
}

// Load reads the session out of its key. One that is too old, or was not signed
// here, is an empty session that is to be replaced, as in Django. Unlike there a
// session also ends when it says so itself, and not only for the browser.
func (s *Store) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, at := s.codec.RecordSigned(key)
	switch {
	case errors.Is(r.Corrupt, signing.ErrBadSignature) || r.Corrupt != nil && at.IsZero():
		return &sessions.Record{Replace: true}, nil
	case r.Corrupt != nil: // signed, and yet not ours; what another program pickled stays its own
		return &sessions.Record{Replace: r.ReadOnly == nil, Corrupt: r.Corrupt, ReadOnly: r.ReadOnly}, nil
	}
	ends := s.ends(r.Data, at)
	if time.Now().After(ends) {
		return &sessions.Record{Replace: true, Expires: ends}, nil
	}
	return &sessions.Record{Data: r.Data, Expires: ends, ReadOnly: r.ReadOnly}, nil
}

// Stored returns the key itself, and when it ends, even if it has ended. The time is zero for a
// key that was not signed here.
func (s *Store) Stored(_ context.Context, key string) (text string, expires time.Time, err error) {
	r, at := s.codec.RecordSigned(key)
	if at.IsZero() {
		return key, time.Time{}, nil
	}
	return key, s.ends(r.Data, at), nil
}

// ends returns when a session ends that was signed at that time.
func (s *Store) ends(d sessions.Data, at time.Time) time.Time {
	ends := at.Add(s.config.CookieAge)
	if own, err := d.Expiry(at, s.config.CookieAge, s.config.Location); err == nil && own.Before(ends) {
		return own
	}
	return ends
}

// Create derives the key from what the session holds, whatever key is given. The
// error is sessions.ErrTooLarge where the browser would not keep it.
func (s *Store) Create(ctx context.Context, _ string, r *sessions.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	key, err := s.codec.Encode(r.Data)
	if err != nil {
		return err
	}
	if size := len(s.config.CookieName) + len(key); size > MaxCookie {
		return fmt.Errorf("%w: its cookie would have %d bytes, and browsers keep %d", sessions.ErrTooLarge, size, MaxCookie)
	}
	r.Key = key
	return nil
}

// Update is Create: there is no other copy that it could differ from.
func (s *Store) Update(ctx context.Context, key string, r *sessions.Record) error {
	return s.Create(ctx, key, r)
}

// Move is Create: the old cookie stays good until its time, for anyone who has it.
func (s *Store) Move(ctx context.Context, _, new string, r *sessions.Record) error {
	return s.Create(ctx, new, r)
}

// Delete does nothing. The browser is told to forget the cookie; nobody else is.
func (s *Store) Delete(context.Context, string) error { return nil }

// Irrevocable reports that nobody can end the sessions of this store.
func (s *Store) Irrevocable() {}
