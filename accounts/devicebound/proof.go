package devicebound

import (
	"encoding/json"
	"errors"
	"strings"
)

// The limits of proofs.
const (
	maxProof  = 4096 // bytes of a proof; one with a key of 4,096 bits has about 1,700
	proofType = "dbsc+jwt"
)

// errProof means that a proof is not what it has to be: of another form, or signed by another key.
var errProof = errors.New("devicebound: the proof is not accepted")

// proof is what a browser signs: a JSON Web Token (RFC 7519) with the challenge as its ID.
type proof struct {
	challenge     string
	authorization string
	algorithm     string
	publicKey     string // as it is stored; at the registration only
}

// head is the header of a proof. A registration has the key.
type head struct {
	Type      string          `json:"typ"`
	Algorithm string          `json:"alg"`
	Key       json.RawMessage `json:"jwk"`
	Critical  json.RawMessage `json:"crit"` // extensions, of which there are none
}

// claims are the contents of a proof.
type claims struct {
	ID            string `json:"jti"`
	Authorization string `json:"authorization"`
}

// readProof reads a proof, and checks its signature: by the key that is given, with its algorithm,
// or for a registration by the key that the proof brings. The value is that of the header
// Secure-Session-Response, a string of HTTP's structured fields or its contents.
func readProof(value, algorithm string, known *publicKey) (p proof, err error) {
	value = unquoted(value)
	if len(value) > maxProof || strings.Count(value, ".") != 2 {
		return proof{}, errProof
	}
	signed, last, _ := cutLast(value)
	first, middle, _ := strings.Cut(signed, ".")
	var h head
	var c claims
	if readPart(first, &h) != nil || h.Type != proofType || h.Critical != nil {
		return proof{}, errProof
	}
	if known == nil {
		if known, p.publicKey, err = readKey(h.Algorithm, h.Key); err != nil {
			return proof{}, err
		}
	} else if h.Algorithm != algorithm {
		return proof{}, errProof
	}
	signature, err := encoding.DecodeString(last)
	if err != nil || !known.verifies(signed, signature) || readPart(middle, &c) != nil || c.ID == "" {
		return proof{}, errProof
	}
	p.challenge, p.authorization, p.algorithm = c.ID, c.Authorization, h.Algorithm
	return p, nil
}

// readPart reads a part of a token.
func readPart(text string, into any) error {
	data, err := encoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// cutLast cuts a text at its last dot.
func cutLast(text string) (before, after string, found bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// unquoted returns the contents of a header that is a string of HTTP's structured fields (RFC 9651),
// without parameters; one without quotes stays. What browsers send here has nothing escaped.
func unquoted(value string) string {
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		return value[1 : n-1]
	}
	return value
}
