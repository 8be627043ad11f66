// Package seal encrypts what is stored for a while and would be worth stealing, such as
// emails with links, by the secret key of the site. Anyone who reads the database alone
// learns nothing from it. It is on floor 0, the pure tools.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrBroken: the text was not sealed by this site for this purpose, or was
// changed since.
var ErrBroken = errors.New("seal: what was sealed cannot be opened")

// Box seals and opens, by AES-256-GCM with random nonces and keys that are derived
// from the secret keys of the site (HKDF, RFC 5869). It is safe for concurrent use.
type Box struct {
	ciphers []cipher.AEAD // the first one seals
	name    string        // of the key that seals
}

// New returns a box for one purpose, which is part of the derived keys: what is
// sealed for one cannot be opened for another. The first key seals, and all open,
// so that a change of keys loses nothing.
func New(purpose, secretKey string, fallbacks ...string) (*Box, error) {
	b := &Box{}
	for _, secret := range append([]string{secretKey}, fallbacks...) {
		if secret == "" {
			return nil, errors.New("seal: a secret key is empty")
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "coatcheck seal "+purpose, 32)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		b.ciphers = append(b.ciphers, aead)
	}
	name, err := hkdf.Key(sha256.New, []byte(secretKey), nil, "coatcheck seal name "+purpose, nameBytes)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	b.name = base64.RawURLEncoding.EncodeToString(name)
	return b, nil
}

// nameBytes is how many bytes of a key's name there are, which are 8 characters.
const nameBytes = 6

// KeyName names the key that seals, in 8 characters of ASCII without a colon: another key has
// another name. The key cannot be told from it.
func (b *Box) KeyName() string { return b.name }

// Seal returns the text sealed, in ASCII, about a third and 40 bytes longer. What it
// belongs to, such as the number of a row, is not in it, and needed to open it.
func (b *Box) Seal(text, belongs string) string {
	return base64.RawURLEncoding.EncodeToString(b.ciphers[0].Seal(nil, nil, []byte(text), []byte(belongs)))
}

// Open returns what was sealed, or ErrBroken.
func (b *Box) Open(sealed, belongs string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", ErrBroken
	}
	for _, aead := range b.ciphers {
		if text, err := aead.Open(nil, nil, raw, []byte(belongs)); err == nil {
			return string(text), nil
		}
	}
	return "", ErrBroken
}

// String hides the keys.
func (b *Box) String() string { return "seal.Box{…}" }

// GoString hides the keys.
func (b *Box) GoString() string { return b.String() }
