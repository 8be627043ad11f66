package messages

import (
	"fmt"
	"log/slog"
	"maps"

	"github.com/coatcheck/coatcheck/signing"
)

// Storage specifies where messages wait for the next page (Django: MESSAGE_STORAGE).
type Storage string

// The storages.
const (
	// StorageFallback is a cookie, and the session for what does not fit (Django:
	// FallbackStorage, the default).
	StorageFallback Storage = ""
	// StorageCookie is a cookie alone: the oldest messages that do not fit are lost, and
	// a warning in the log tells (Django: CookieStorage).
	StorageCookie Storage = "cookie"
	// StorageSession is the session (Django: SessionStorage).
	StorageSession Storage = "session"
)

// The names that Django gives to what it stores.
const (
	CookieName = "messages"
	SessionKey = "_messages"
)

// Options are Django's MESSAGE_… settings.
type Options struct {
	// Storage is where messages wait; in a cookie, and in the session what is too large for
	// it, when empty. Django: MESSAGE_STORAGE.
	Storage Storage
	// Level is the least level that is kept; LevelInfo when zero (Django: MESSAGE_LEVEL).
	Level Level
	// Tags are names of levels, beside or instead of Django's own (Django: MESSAGE_TAGS).
	Tags map[Level]string
}

// Config specifies how messages are kept. Keys are required, but for StorageSession.
type Config struct {
	Options
	// Keys sign the cookie.
	Keys signing.Keys
	// The cookie has the attributes of the session's (Django: SESSION_COOKIE_…).
	CookieDomain, CookieSameSite     string
	CookieSecure, CookieScriptAccess bool
	// Logger is slog.Default() when nil.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "messages.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Service provides the messages of requests. It is safe for concurrent use.
type Service struct {
	config Config
	tags   map[Level]string
	signer *signing.TimestampSigner
}

// New checks the configuration.
func New(c Config) (*Service, error) {
	switch c.Storage {
	case StorageFallback, StorageCookie, StorageSession:
	default:
		return nil, fmt.Errorf("messages: there is no storage %q; it is %q, %q or empty for both", c.Storage, StorageCookie, StorageSession)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Level == 0 {
		c.Level = LevelInfo
	}
	s := &Service{config: c, tags: maps.Clone(levelTags)}
	s.config.Keys = signing.Keys{} // which the signer has, and does not print
	maps.Copy(s.tags, c.Tags)
	if c.Storage == StorageSession {
		return s, nil
	}
	if err := c.Keys.Check(); err != nil {
		return nil, fmt.Errorf("messages: Config.%w, or keep messages in the session by Storage", err)
	}
	fallbacks := make([]string, len(c.Keys.Fallbacks))
	for i, key := range c.Keys.Fallbacks {
		fallbacks[i] = cookieKey(key)
	}
	var err error
	s.signer, err = signing.NewTimestamp(signing.Config{
		Key: cookieKey(c.Keys.Secret), FallbackKeys: fallbacks, Salt: "django.contrib.messages", AcceptSHA1: c.Keys.AcceptSHA1,
	})
	return s, err
}

// cookieKey is the key of what cookies carry (Django: get_cookie_signer).
func cookieKey(secret string) string { return "django.http.cookies" + secret }
