package resettoken

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/signing"
)

// salt is Django's, the path of the class.
const salt = "django.contrib.auth.tokens.PasswordResetTokenGenerator"

// DefaultTimeout is how long a token is valid unless the configuration says
// otherwise, three days. Django: PASSWORD_RESET_TIMEOUT.
const DefaultTimeout = 3 * 24 * time.Hour

// What tokens are made of: a number of base 36, a dash and hexadecimal digits.
const (
	maxTimestamp = 13 // digits, as in Django
	maxToken     = maxTimestamp + 1 + sha256.Size
)

// epoch2001 is 2001-01-01 00:00:00 in seconds since 1970, from which tokens count.
const epoch2001 = 978307200

// Config specifies how tokens are made. Only Keys are required. A Service
// has a generator of its own configuration; make another one for links of
// another kind.
type Config struct {
	// Keys make and verify tokens. AcceptSHA1 goes for tokens that Django 3.2 accepts as
	// those of an older Django, but not for those of Django 3.0, which counted days.
	Keys signing.Keys
	// Timeout is how long a token holds, in whole seconds; three days when zero.
	// (Less than a second is Django's 0.) Django: PASSWORD_RESET_TIMEOUT.
	Timeout time.Duration
	// TimeZone is the zone of the clock on the wall by which tokens are stamped;
	// UTC when nil. Where it is not Django's, tokens of the other application hold for
	// longer or shorter by the difference. Django: TIME_ZONE.
	TimeZone *time.Location
	// LoginZone is the zone in which Django reads the time of the last login from
	// the database; UTC when nil, which is right with USE_TZ = True. Where it is
	// not Django's, no token of the other application is accepted.
	LoginZone *time.Location
	// KeySalt keeps tokens of different kinds apart; when empty they are those
	// that reset passwords. Django: key_salt.
	KeySalt string
}

// String hides the keys.
func (c Config) String() string { return "resettoken.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Generator creates and checks the tokens of links by which
// users set a new password, without storing them. A token ends with its time,
// with a change of the user's password or email address, and with the user's
// next login. It is safe for concurrent use. Django:
// PasswordResetTokenGenerator.
type Generator struct {
	macs                []*signing.MAC // the first one makes
	timeout             int64          // seconds
	timeZone, loginZone *time.Location
	now                 func() time.Time
}

// New checks the configuration.
func New(c Config) (*Generator, error) {
	if err := c.Keys.Check(); err != nil {
		return nil, fmt.Errorf("resettoken: Config.%w", err)
	}
	if c.Timeout < 0 {
		return nil, errors.New("resettoken: the timeout of tokens is negative; leave it zero for three days")
	}
	g := &Generator{
		timeout:  int64(cmp.Or(c.Timeout, DefaultTimeout) / time.Second),
		timeZone: cmp.Or(c.TimeZone, time.UTC), loginZone: cmp.Or(c.LoginZone, time.UTC), now: time.Now,
	}
	salt := cmp.Or(c.KeySalt, salt)
	for _, key := range c.Keys.All() {
		g.macs = append(g.macs, signing.NewMAC(sha256.New, salt, key))
	}
	if c.Keys.AcceptSHA1 {
		g.macs = append(g.macs, signing.NewMAC(sha1.New, salt, c.Keys.Secret))
	}
	return g, nil
}

// Timeout returns how long a token is valid for.
func (g *Generator) Timeout() time.Duration {
	return time.Duration(g.timeout) * time.Second
}

// Make returns a token for the user, of 39 ASCII characters: letters, digits and
// one dash. Anyone who has it can take over the account; it belongs into an email to
// the user's address and nowhere else. Django: make_token.
func (g *Generator) Make(u *database.User) string {
	seconds := g.seconds()
	return g.token(g.macs[0], u, strconv.FormatInt(seconds, 36), strconv.FormatInt(seconds, 10))
}

// Check reports whether a token was made for the user as the user is now, and not
// too long ago. The user must be fresh from the database. Inactive users are
// accepted: a link sets a password, and logs nobody in. It takes
// bounded time. Django: check_token.
func (g *Generator) Check(u *database.User, token string) bool {
	_, err := g.Verify(u, token)
	return err == nil
}

// Where the page of a link keeps the token once a browser opened it, so that no Referer and no
// history has it.
const (
	// SessionKey is where the session of the browser has it. Django: INTERNAL_RESET_SESSION_TOKEN.
	SessionKey = "_password_reset_token"
	// Opened stands in the address in its place. Django: PasswordResetConfirmView.reset_url_token.
	Opened = "set-password"
)

// Why a token is not good, in the order in which it is found out.
var (
	// ErrMalformed: this is no token.
	ErrMalformed = errors.New("resettoken: malformed token")
	// ErrMismatch: the token was made for the user as the user was earlier, for another user,
	// or with another key.
	ErrMismatch = errors.New("resettoken: the token is not one of the user as the user is now")
	// ErrExpired: the token is older than Config.Timeout.
	ErrExpired = errors.New("resettoken: the token is too old")
)

// Verify is Check that returns the reason why not, and when the token says that it was made,
// which nothing proves if the error is ErrMismatch.
func (g *Generator) Verify(u *database.User, token string) (made time.Time, err error) {
	if u == nil || !u.IsAuthenticated() || len(token) > maxToken {
		return time.Time{}, ErrMalformed
	}
	stamp, _, dashed := strings.Cut(token, "-")
	decimal, seconds, ok := parseTimestamp(stamp)
	if !dashed || !ok {
		return time.Time{}, ErrMalformed
	}
	matches := 0
	for _, mac := range g.macs {
		matches |= subtle.ConstantTimeCompare([]byte(g.token(mac, u, stamp, decimal)), []byte(token))
	}
	switch made = g.at(seconds); {
	case matches != 1:
		return made, ErrMismatch
	case g.seconds()-seconds > g.timeout:
		return made, ErrExpired
	}
	return made, nil
}

// at returns the time when the clock on the wall said seconds.
func (g *Generator) at(seconds int64) time.Time {
	const most = 1 << 36 // two thousand years, which a year of four digits still holds
	wall := time.Unix(min(seconds, most)+epoch2001, 0).UTC()
	year, month, day := wall.Date()
	hour, minute, second := wall.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, g.timeZone)
}

// token is that of the user as of a time, which is given in both bases. Nothing
// separates the parts of what is hashed, as in Django.
func (g *Generator) token(mac *signing.MAC, u *database.User, stamp, decimal string) string {
	login := ""
	if !u.LastLogin.IsZero() {
		login = u.LastLogin.In(g.loginZone).Format(time.DateTime)
	}
	digits := mac.Hex(u.ID + u.Password.Encoded() + login + decimal + u.Email)
	half := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		half = append(half, digits[i])
	}
	return stamp + "-" + string(half)
}

// seconds is what the clock on the wall says, in seconds since 2001. It jumps
// with summer time, as Django's does.
func (g *Generator) seconds() int64 {
	now := g.now().In(g.timeZone)
	_, offset := now.Zone()
	return now.Unix() + int64(offset) - epoch2001
}

// parseTimestamp reads a number of base 36 in the one form that Make writes; the
// others that Python's int takes never make the same token again. A number
// beyond 64 bits saturates, but not as decimal.
func parseTimestamp(text string) (decimal string, seconds int64, ok bool) {
	if text == "" || len(text) > maxTimestamp || text[0] == '0' && text != "0" ||
		strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return "", 0, false
	}
	n, _ := new(big.Int).SetString(text, 36)
	if !n.IsInt64() {
		return n.String(), math.MaxInt64, true
	}
	return n.String(), n.Int64(), true
}
