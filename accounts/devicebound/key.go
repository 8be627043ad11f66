package devicebound

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
)

// The algorithms of keys that are accepted.
const (
	es256 = "ES256" // ECDSA on P-256 with SHA-256
	rs256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256
)

// The limits of keys.
const (
	coordinate  = 32   // bytes of a coordinate on P-256, and of each half of a signature
	minModulus  = 2048 // bits
	maxModulus  = 4096
	rsaExponent = "AQAB" // 65537, the only one that browsers use
)

// errKey means that a key is not one that is accepted.
var errKey = errors.New("devicebound: not a public key of ES256 or RS256")

// jwk is a public key in JSON (RFC 7517), with the members that the two algorithms have.
type jwk struct {
	Type     string          `json:"kty"`
	Curve    string          `json:"crv,omitempty"`
	X        string          `json:"x,omitempty"`
	Y        string          `json:"y,omitempty"`
	Modulus  string          `json:"n,omitempty"`
	Exponent string          `json:"e,omitempty"`
	Private  json.RawMessage `json:"d,omitempty"` // refused
}

// encoding is that of JSON Web Tokens and Keys; bits that mean nothing must be 0.
var encoding = base64.RawURLEncoding.Strict()

// publicKey checks signatures of one algorithm.
type publicKey struct {
	ec  *ecdsa.PublicKey
	rsa *rsa.PublicKey
}

// readKey reads a key for an algorithm. It returns the key too as it is stored.
func readKey(algorithm string, text []byte) (*publicKey, string, error) {
	var k jwk
	if json.Unmarshal(text, &k) != nil || k.Private != nil {
		return nil, "", errKey
	}
	var key publicKey
	var err error
	switch {
	case algorithm == es256 && k.Type == "EC" && k.Curve == "P-256":
		key.ec, err = k.onCurve()
		k.Modulus, k.Exponent = "", ""
	case algorithm == rs256 && k.Type == "RSA":
		key.rsa, err = k.ofRSA()
		k.Curve, k.X, k.Y = "", "", ""
	default:
		err = errKey
	}
	if err != nil {
		return nil, "", err
	}
	stored, err := json.Marshal(k)
	return &key, string(stored), err
}

// onCurve returns a key on P-256.
func (k *jwk) onCurve() (*ecdsa.PublicKey, error) {
	x, errX := encoding.DecodeString(k.X)
	y, errY := encoding.DecodeString(k.Y)
	if errX != nil || errY != nil || len(x) != coordinate || len(y) != coordinate {
		return nil, errKey
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), bytes.Join([][]byte{{4}, x, y}, nil))
	if err != nil {
		return nil, errKey // it is not on the curve
	}
	return key, nil
}

// ofRSA returns a key of RSA.
func (k *jwk) ofRSA() (*rsa.PublicKey, error) {
	n, err := encoding.DecodeString(k.Modulus)
	if err != nil || len(n) > maxModulus/8 || k.Exponent != rsaExponent {
		return nil, errKey
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if key.N.BitLen() < minModulus || key.N.Bit(0) == 0 {
		return nil, errKey
	}
	return key, nil
}

// verifies reports whether the signature of a text is that of the key.
func (k *publicKey) verifies(text string, signature []byte) bool {
	sum := sha256.Sum256([]byte(text))
	if k.rsa != nil {
		return rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, sum[:], signature) == nil
	}
	if len(signature) != 2*coordinate {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:coordinate]), new(big.Int).SetBytes(signature[coordinate:])
	return ecdsa.Verify(k.ec, sum[:], r, s)
}
