package csrf

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"unicode/utf8"
)

// Facts about secrets and tokens.
const (
	SecretLength = 32 // characters; Django: CSRF_SECRET_LENGTH
	TokenLength  = 64 // characters; Django: CSRF_TOKEN_LENGTH

	// Alphabet are the characters of both, in their order. Django: CSRF_ALLOWED_CHARS.
	Alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

	// FormField is the name of the form field that carries a token.
	FormField = "csrfmiddlewaretoken"
	// SessionKey is where a session keeps the secret, if that is where it is kept.
	SessionKey = "_csrftoken"
)

// What is wrong with a text that is neither a secret nor a token, in the order
// in which it is found out. The texts are Django's.
var (
	ErrLength     = errors.New("has incorrect length")
	ErrCharacters = errors.New("has invalid characters")
)

const base = byte(len(Alphabet))

// position is the place of each character in the alphabet, or 255.
var position = func() (table [256]byte) {
	for i := range table {
		table[i] = 255
	}
	for i := range len(Alphabet) {
		table[Alphabet[i]] = byte(i)
	}
	return table
}()

// Secret is what a browser keeps; the zero Secret is none. It never prints.
type Secret struct{ text string }

// NewSecret returns a random secret of 190 bits.
func NewSecret() Secret { return Secret{random()} }

// random returns 32 characters of the alphabet, each as likely as any other.
func random() string {
	const fair = 256 / int(base) * int(base) // bytes from here on would favour the first characters
	var text [SecretLength]byte
	var bytes [SecretLength + 16]byte
	for n := 0; n < len(text); {
		rand.Read(bytes[:]) //nolint:errcheck // it never fails: the program ends where there is no randomness
		for _, b := range bytes {
			if int(b) < fair && n < len(text) {
				text[n] = Alphabet[b%base]
				n++
			}
		}
	}
	return string(text[:])
}

// Parse reads a secret as a cookie or a session keeps it: bare, as Django 4.1
// and later, or behind a mask, as Django 3.2 and 4.0. The error is ErrLength or
// ErrCharacters.
func Parse(stored string) (Secret, error) {
	if err := check(stored); err != nil {
		return Secret{}, err
	}
	return Secret{unmask(stored)}, nil
}

// check reports whether a text can be a secret or a token.
func check(text string) error {
	if n := utf8.RuneCountInString(text); n != SecretLength && n != TokenLength {
		return ErrLength
	}
	for i := range len(text) {
		if position[text[i]] == 255 {
			return ErrCharacters
		}
	}
	return nil
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// Text is the bare secret, to be stored.
func (s Secret) Text() string { return s.text }

// Token returns a token of the secret, another one each time. The zero Secret has
// none.
func (s Secret) Token() string {
	if s.IsZero() {
		return ""
	}
	return mask(s.text, random())
}

// Match reports whether a token that a request brought was made of the secret; the
// bare secret is such a token too. It takes the same time whatever is wrong with
// a token of the right form. The error is ErrLength or ErrCharacters. Nothing
// matches the zero Secret.
func (s Secret) Match(token string) (bool, error) {
	if err := check(token); err != nil {
		return false, err
	}
	return !s.IsZero() && subtle.ConstantTimeCompare([]byte(unmask(token)), []byte(s.text)) == 1, nil
}

// String hides the secret.
func (s Secret) String() string { return "csrf secret" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// mask moves each character of a secret on by the place of that of the mask,
// which goes in front.
func mask(secret, by string) string {
	token := make([]byte, 0, TokenLength)
	token = append(token, by...)
	for i := range SecretLength {
		token = append(token, Alphabet[(position[secret[i]]+position[by[i]])%base])
	}
	return string(token)
}

// unmask returns the secret of a token that was checked; a bare one stays as it is.
func unmask(token string) string {
	if len(token) == SecretLength {
		return token
	}
	var secret [SecretLength]byte
	for i := range secret {
		secret[i] = Alphabet[(position[token[SecretLength+i]]+base-position[token[i]])%base]
	}
	return string(secret[:])
}
