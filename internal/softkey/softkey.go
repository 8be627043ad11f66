// Package softkey is an authenticator in software, for tests of passkeys: ECDSA on P-256, without
// attestation. What it says may be bent, so that each check of a server can be seen to fail.
package softkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// The flags of authenticator data.
const (
	present  = 1 << 0
	verified = 1 << 2
	eligible = 1 << 3
	backedUp = 1 << 4
	attested = 1 << 6
)

// Key is a passkey in an authenticator. Its fields may be changed between uses.
type Key struct {
	ID     []byte
	Handle []byte // of the user
	RPID   string
	Origin string
	// Count is the counter that the next use shows; Step is added to it at each use.
	Count, Step uint32
	// NoUser leaves out that the user was verified.
	NoUser bool
	// Synced means that the key is backed up.
	Synced bool
	// Challenge replaces that of the options, if it is not empty.
	Challenge string
	// Type replaces that of the ceremony, if it is not empty.
	Type string

	private *ecdsa.PrivateKey
}

// options are what a server offers.
type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"publicKey"`
	State string `json:"state"`
}

var encoding = base64.RawURLEncoding

// Create creates a passkey for what a server offers in JSON, and returns the response and the state
// that goes back with it.
func (k *Key) Create(offered []byte, origin string) (response, state string, err error) {
	var o options
	if err := json.Unmarshal(offered, &o); err != nil {
		return "", "", fmt.Errorf("softkey: %w: %s", err, offered)
	}
	if k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return "", "", err
	}
	if k.Handle, err = encoding.DecodeString(o.PublicKey.User.ID); err != nil {
		return "", "", err
	}
	k.ID, k.RPID, k.Origin = []byte(rand.Text()), o.PublicKey.RP.ID, origin
	cose, err := k.cose()
	if err != nil {
		return "", "", err
	}
	data := k.data(attested)
	data = append(data, make([]byte, 16)...) // the AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID)))
	data = append(append(data, k.ID...), cose...)
	object := append([]byte{0xa3}, text("fmt")...)
	object = append(append(object, text("none")...), text("attStmt")...)
	object = append(append(object, 0xa0), text("authData")...)
	object = append(object, bytesOf(data)...)
	return k.answer(map[string]any{
		"clientDataJSON":    encoding.EncodeToString(k.client("webauthn.create", o)),
		"attestationObject": encoding.EncodeToString(object), "transports": []string{"internal"},
	}), o.State, nil
}

// Get signs what a server offers in JSON, and returns the response and the state.
func (k *Key) Get(offered []byte) (response, state string, err error) {
	var o options
	if err := json.Unmarshal(offered, &o); err != nil {
		return "", "", fmt.Errorf("softkey: %w: %s", err, offered)
	}
	k.Count += k.Step
	data, client := k.data(0), k.client("webauthn.get", o)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", "", err
	}
	return k.answer(map[string]any{
		"clientDataJSON":    encoding.EncodeToString(client),
		"authenticatorData": encoding.EncodeToString(data),
		"signature":         encoding.EncodeToString(signature),
		"userHandle":        encoding.EncodeToString(k.Handle),
	}), o.State, nil
}

// Twin returns a copy of the key, which signs as it does.
func (k *Key) Twin() *Key {
	twin := *k
	return &twin
}

// answer is a PublicKeyCredential in JSON.
func (k *Key) answer(response map[string]any) string {
	id := encoding.EncodeToString(k.ID)
	all, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
		"authenticatorAttachment": "platform",
	})
	if err != nil {
		panic(err) // it has texts alone
	}
	return string(all)
}

// client is the client data.
func (k *Key) client(kind string, o options) []byte {
	challenge := o.PublicKey.Challenge
	if k.Challenge != "" {
		challenge = k.Challenge
	}
	if k.Type != "" {
		kind = k.Type
	}
	all, err := json.Marshal(map[string]any{
		"type": kind, "challenge": challenge, "origin": k.Origin, "crossOrigin": false,
	})
	if err != nil {
		panic(err) // it has texts alone
	}
	return all
}

// data is the authenticator data without what is attested.
func (k *Key) data(more byte) []byte {
	flags := byte(present | verified)
	if k.NoUser {
		flags = present
	}
	if k.Synced {
		flags |= eligible | backedUp
	}
	hash := sha256.Sum256([]byte(k.RPID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags|more), k.Count)
}

// cose is the public key as COSE has it.
func (k *Key) cose() ([]byte, error) {
	point, err := k.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	out := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21}
	out = append(append(out, bytesOf(point[1:33])...), 0x22)
	return append(out, bytesOf(point[33:])...), nil
}

// text and bytesOf are CBOR.
func text(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

func bytesOf(b []byte) []byte {
	if len(b) < 256 {
		return append([]byte{0x58, byte(len(b))}, b...)
	}
	return append([]byte{0x59, byte(len(b) >> 8), byte(len(b))}, b...)
}
