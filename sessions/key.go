package sessions

import (
	"crypto/rand"
	"unicode/utf8"
)

const (
	keyLength    = 32
	minKeyLength = 8
	keyAlphabet  = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// NewKey returns a random session key: 32 characters of a-z and 0-9, 165 bits
// (Django: _get_new_session_key). It does not return where the system has no
// random numbers.
func NewKey() string {
	const limit = 256 - 256%len(keyAlphabet) // above it a byte would favour some letters
	var key [keyLength]byte
	var buf [keyLength + 16]byte
	for n := 0; n < keyLength; {
		rand.Read(buf[:]) // never fails: crypto/rand ends the program instead
		for _, b := range buf {
			if int(b) < limit && n < keyLength {
				key[n] = keyAlphabet[int(b)%len(keyAlphabet)]
				n++
			}
		}
	}
	return string(key[:])
}

// validKey applies Django's rule for a key that a client sent: shorter than 8
// characters is no key.
func validKey(key string) string {
	if len(key) < minKeyLength || utf8.RuneCountInString(key) < minKeyLength {
		return ""
	}
	return key
}
