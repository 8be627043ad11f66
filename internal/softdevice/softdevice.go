// Package softdevice is a browser's part of Device Bound Session Credentials in software, for
// tests: it registers a key and proves to have it. What it says may be bent, so that each check of
// a server can be seen to fail.
package softdevice

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

var encoding = base64.RawURLEncoding

// Device has the key of a session.
type Device struct {
	// ID is that of the session, once it is registered.
	ID string
	// Challenge is the last one that the site has sent.
	Challenge string
	// Head and Claims replace members of what is signed, if they are not nil; a nil member is
	// left out.
	Head, Claims map[string]any

	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey
}

// New returns a device with a key of ES256, or of RS256 with so many bits.
func New(bits int) (*Device, error) {
	d := &Device{}
	var err error
	if bits == 0 {
		d.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		d.rsa, err = rsa.GenerateKey(rand.Reader, bits)
	}
	return d, err
}

// Registration is what a site says in Secure-Session-Registration.
type Registration struct{ Path, Challenge, Authorization string }

var parameters = regexp.MustCompile(`;(path|challenge|authorization|id)="([^"]*)"`)

// ReadRegistration reads the header.
func ReadRegistration(header string) (r Registration, err error) {
	for _, m := range parameters.FindAllStringSubmatch(header, -1) {
		switch m[1] {
		case "path":
			r.Path = m[2]
		case "challenge":
			r.Challenge = m[2]
		case "authorization":
			r.Authorization = m[2]
		}
	}
	if r.Path == "" || r.Challenge == "" {
		return r, fmt.Errorf("softdevice: no registration: %q", header)
	}
	return r, nil
}

// Take keeps the challenge of a header Secure-Session-Challenge.
func (d *Device) Take(header string) error {
	m := regexp.MustCompile(`^"([^"]*)";id="([^"]*)"$`).FindStringSubmatch(header)
	if m == nil || d.ID != "" && m[2] != d.ID {
		return fmt.Errorf("softdevice: no challenge: %q", header)
	}
	d.Challenge = m[1]
	return nil
}

// Register returns the proof for a registration.
func (d *Device) Register(r Registration) (string, error) {
	head, err := d.head()
	if err != nil {
		return "", err
	}
	head["jwk"] = d.JWK()
	claims := map[string]any{"jti": r.Challenge}
	if r.Authorization != "" {
		claims["authorization"] = r.Authorization
	}
	return d.sign(head, claims)
}

// Prove returns the proof for a refresh.
func (d *Device) Prove() (string, error) {
	head, err := d.head()
	if err != nil {
		return "", err
	}
	return d.sign(head, map[string]any{"jti": d.Challenge})
}

func (d *Device) head() (map[string]any, error) {
	switch {
	case d.ec != nil:
		return map[string]any{"typ": "dbsc+jwt", "alg": "ES256"}, nil
	case d.rsa != nil:
		return map[string]any{"typ": "dbsc+jwt", "alg": "RS256"}, nil
	}
	return nil, errors.New("softdevice: the device has no key")
}

// JWK returns the public key.
func (d *Device) JWK() map[string]any {
	if d.rsa != nil {
		return map[string]any{"kty": "RSA", "n": encoding.EncodeToString(d.rsa.N.Bytes()), "e": "AQAB"}
	}
	point, err := d.ec.PublicKey.Bytes()
	if err != nil {
		panic(err) // it is on the curve
	}
	return map[string]any{
		"kty": "EC", "crv": "P-256",
		"x": encoding.EncodeToString(point[1:33]), "y": encoding.EncodeToString(point[33:]),
	}
}

// sign returns a token.
func (d *Device) sign(head, claims map[string]any) (string, error) {
	first, err := part(head, d.Head)
	if err != nil {
		return "", err
	}
	second, err := part(claims, d.Claims)
	if err != nil {
		return "", err
	}
	text := first + "." + second
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	if d.rsa != nil {
		signature, err = rsa.SignPKCS1v15(rand.Reader, d.rsa, crypto.SHA256, sum[:])
	} else {
		signature, err = d.signEC(sum[:])
	}
	return text + "." + encoding.EncodeToString(signature), err
}

// signEC returns the two halves of a signature of ECDSA.
func (d *Device) signEC(sum []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, d.ec, sum)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))}, nil), nil
}

// part returns a part of a token, with what replaces its members.
func part(members, bent map[string]any) (string, error) {
	for name, value := range bent {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	text, err := json.Marshal(members)
	return encoding.EncodeToString(text), err
}
