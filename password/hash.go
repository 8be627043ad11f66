package password

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Hash is an encoded password as Django stores it in auth_user.password:
// "pbkdf2_sha256$1500000$<salt>$<hash>", for instance. The empty Hash is no
// password at all, like a NULL; nothing matches it.
//
// A Hash does not print itself: fmt and slog get the algorithm, encoding/json
// and its like an error. (What package fmt calls bad verbs, %p and a %w outside
// Errorf, asks nobody; go vet finds those.) [Hash.Encoded] gives the text.
type Hash string

// unusablePrefix is Django's UNUSABLE_PASSWORD_PREFIX, and unusableLength its
// UNUSABLE_PASSWORD_SUFFIX_LENGTH.
const (
	unusablePrefix = "!"
	unusableLength = 40
)

// Unusable returns a hash that no password matches: "!" and 40 random letters and
// digits, a different one at every call, so that reset tokens and session
// hashes derived from it differ too. Django: make_password(None).
func Unusable() Hash {
	return Hash(unusablePrefix + randomText(unusableLength))
}

// Encoded is the text for the database. It is a secret: do not log it.
func (h Hash) Encoded() string { return string(h) }

// Usable reports whether a password could match: false for hashes that begin with
// "!". As in Django, the empty Hash and plain garbage count as usable, although
// nothing matches them. Django: is_password_usable.
func (h Hash) Usable() bool { return !strings.HasPrefix(string(h), unusablePrefix) }

// Algorithm is the name of the algorithm, "argon2" for instance, or "" where
// the hash is empty, unusable or of no algorithm that this package knows.
// [Hashers.Identify] reports also if the algorithm is configured.
// Django: identify_hasher.
func (h Hash) Algorithm() string {
	if name := algorithmOf(string(h)); builtin(name) {
		return name
	}
	return ""
}

// algorithmOf is Django's rule by which an encoded password names its hasher;
// lengths are in characters. What it returns may be any text.
func algorithmOf(encoded string) string {
	length := utf8.RuneCountInString(encoded)
	switch {
	case strings.HasPrefix(encoded, unusablePrefix):
		return ""
	case length == 32 && !strings.Contains(encoded, "$"),
		length == 37 && strings.HasPrefix(encoded, "md5$$"):
		return "unsalted_md5"
	case length == 46 && strings.HasPrefix(encoded, "sha1$$"):
		return "unsalted_sha1"
	}
	name, _, _ := strings.Cut(encoded, "$")
	return name
}

// label is what a Hash shows of itself. The name comes from our own list, so
// that a password somebody stored in the clear does not show.
func (h Hash) label() string {
	name := h.Algorithm()
	switch {
	case h == "":
		name = "none"
	case !h.Usable():
		name = "unusable"
	case name == "":
		name = "unknown"
	}
	return "password.Hash(" + name + ")"
}

// String names the algorithm only.
func (h Hash) String() string { return h.label() }

// GoString names the algorithm only.
func (h Hash) GoString() string { return h.label() }

// Format names the algorithm only, whatever the verb.
func (h Hash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.label()) }

// LogValue names the algorithm only.
func (h Hash) LogValue() slog.Value { return slog.StringValue(h.label()) }

// MarshalText always fails: a hash has no business in JSON, XML or YAML, and a
// placeholder would overwrite it when it is written. Tag the field `json:"-"`.
func (h Hash) MarshalText() ([]byte, error) {
	return nil, errors.New(`password: a hash is not for documents; tag the field json:"-"`)
}

// Value returns the text to a database driver. Drivers that know fmt.Stringer
// would else store what String says.
func (h Hash) Value() (driver.Value, error) { return string(h), nil }
