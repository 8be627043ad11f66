package passkeys

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
)

// vector is a passkey of the specification that is created and signs.
type vector struct {
	ID     string            `json:"id"`
	Create map[string]string `json:"create"`
	Get    map[string]string `json:"get"`
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// base64URL returns hexadecimal digits in base64url.
func base64URL(t *testing.T, digits string) string {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// response is a PublicKeyCredential in JSON.
func response(t *testing.T, id string, parts map[string]string, names ...string) string {
	t.Helper()
	inner := map[string]string{}
	for _, name := range names {
		inner[name] = base64URL(t, parts[name])
	}
	text, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": inner, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refusedVectors are those of the specification that are refused here, and why.
var refusedVectors = map[string]string{
	"packed-es384": "the algorithm is not asked for", "packed-es512": "likewise", "packed-ed448": "likewise",
	"none-es256-crossOrigin": "the page is in a frame of another site", "none-es256-topOrigin": "likewise",
	"tpm-es256": "the maker of the TPM is an example's", "apple-es256": "no certificate of Apple's signs", "android-key-es256": "no certificate of Google's signs",
}

// TestVectors: the passkeys of the specification (Web Authentication, Level 3, Test Vectors) are added
// and sign in, if the user was verified, as in some of them only. The signatures of all are right.
func TestVectors(t *testing.T) {
	var all []vector
	readJSON(t, "testdata/w3c/vectors.json", &all)
	if len(all) != 15 {
		t.Errorf("there are %d vectors", len(all))
	}
	for _, v := range all {
		for _, verification := range []protocol.UserVerificationRequirement{protocol.VerificationRequired, protocol.VerificationPreferred} {
			t.Run(v.ID+", "+string(verification), func(t *testing.T) { v.try(t, verification) })
		}
	}
}

// ceremony is what a challenge asked for.
func ceremony(
	t *testing.T, parts map[string]string, handle []byte, v protocol.UserVerificationRequirement,
) webauthn.SessionData {
	t.Helper()
	s := session(accounts.Challenge{
		Text: base64URL(t, parts["challenge"]), RPID: "example.org", Origin: "https://example.org",
		Expires: time.Now().Add(time.Minute),
	}, handle)
	if s.UserVerification != protocol.VerificationRequired {
		t.Error("the user need not be verified")
	}
	s.UserVerification = v
	return s
}

// try adds a passkey and signs in by it.
func (v vector) try(t *testing.T, verification protocol.UserVerificationRequirement) {
	verifier, err := newVerifier(party{"example.org", "https://example.org"}, "The Shop")
	if err != nil {
		t.Fatal(err)
	}
	id := base64URL(t, v.Create["credentialId"])
	a := &account{user: &auth.User{ID: "1", Username: "ada"}, handle: []byte("the handle")}
	parsed, err := parseCreated(response(t, id, v.Create, "clientDataJSON", "attestationObject"))
	if err != nil {
		if refusedVectors[v.ID] == "" {
			t.Error(err)
		}
		return
	}
	must := verification == protocol.VerificationRequired
	verified := parsed.Response.AttestationObject.AuthData.Flags.HasUserVerified() || !must
	credential, err := verifier.CreateCredential(a, ceremony(t, v.Create, a.handle, verification), parsed)
	if want := verified && refusedVectors[v.ID] == ""; (err == nil) != want {
		t.Fatalf("added %v, want %v: %+v", err == nil, want, err)
	}
	if err != nil {
		return
	}
	a.all = []own.Passkey{{
		Credential: id, PublicKey: base64.RawURLEncoding.EncodeToString(credential.PublicKey),
		BackupEligible: credential.Flags.BackupEligible,
	}}
	assertion, err := parseSigned(response(t, id, v.Get, "clientDataJSON", "authenticatorData", "signature"))
	if err != nil {
		t.Fatal(err)
	}
	assertion.Response.UserHandle = a.handle // which the vectors do not have
	owner := func(_, _ []byte) (webauthn.User, error) { return a, nil }
	signIn := func() error {
		_, _, err := verifier.ValidatePasskeyLogin(owner, ceremony(t, v.Get, nil, verification), assertion)
		return err
	}
	verified = assertion.Response.AuthenticatorData.Flags.HasUserVerified() || !must
	if err := signIn(); (err == nil) != verified {
		t.Errorf("signed in %v, want %v: %+v", err == nil, verified, err)
	}
	assertion.Response.Signature[len(assertion.Response.Signature)-1] ^= 1
	if signIn() == nil {
		t.Error("signed in by another signature")
	}
}

// wycheproof is a file of Project Wycheproof.
type wycheproof struct {
	Groups []struct {
		Key   map[string]string `json:"key"`
		Tests []struct {
			ID      int      `json:"tcId"`
			Comment string   `json:"comment"`
			Flags   []string `json:"flags"`
			Message string   `json:"msg"`
			Sig     string   `json:"sig"`
			Result  string   `json:"result"`
		} `json:"tests"`
	} `json:"groups"`
}

// cbor builds a COSE key: numbers, and byte strings of hexadecimal digits.
func cbor(t *testing.T, pairs ...any) []byte {
	t.Helper()
	out := []byte{0xa0 | byte(len(pairs)/2)}
	for _, one := range pairs {
		switch v := one.(type) {
		case int:
			major, n := byte(0), v
			if v < 0 {
				major, n = 0x20, -1-v
			}
			switch {
			case n < 24:
				out = append(out, major|byte(n))
			case n < 256:
				out = append(out, major|24, byte(n))
			default:
				out = binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
			}
		case string:
			raw, err := hex.DecodeString(v)
			if err != nil {
				t.Fatal(err)
			}
			out = binary.BigEndian.AppendUint16(append(out, 0x59), uint16(len(raw)))
			out = append(out, raw...)
		}
	}
	return out
}

// padded is a coordinate of 32 bytes.
func padded(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	return strings.Repeat("0", 64-len(digits)) + digits
}

// TestWycheproof: the signatures of Project Wycheproof by the algorithms that are asked for are accepted
// and refused as its authors say, by what checks those of passkeys.
func TestWycheproof(t *testing.T) {
	for name, of := range map[string]struct {
		cases int
		key   func(map[string]string) []byte
	}{
		"ecdsa_secp256r1_sha256": {484, func(k map[string]string) []byte {
			return cbor(t, 1, 2, 3, -7, -1, 1, -2, padded(k["wx"]), -3, padded(k["wy"]))
		}},
		"ed25519": {151, func(k map[string]string) []byte { return cbor(t, 1, 1, 3, -8, -1, 6, -2, k["pk"]) }},
		"rsa_signature_2048_sha256": {259, func(k map[string]string) []byte {
			return cbor(t, 1, 3, 3, -257, -1, strings.TrimPrefix(k["modulus"], "00"), -2, k["publicExponent"])
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var file wycheproof
			readJSON(t, "testdata/wycheproof/"+name+".json", &file)
			tried := 0
			for _, g := range file.Groups {
				key, err := webauthncose.ParsePublicKey(of.key(g.Key))
				if err != nil {
					t.Fatalf("%v: %v", g.Key, err)
				}
				for _, c := range g.Tests {
					message, failed := hex.DecodeString(c.Message)
					if failed != nil {
						t.Fatal(failed)
					}
					sig, failed := hex.DecodeString(c.Sig)
					if failed != nil {
						t.Fatal(failed)
					}
					good, err := webauthncose.VerifySignature(key, message, sig)
					tried++
					if good = good && err == nil; c.Result != "acceptable" && good != (c.Result == "valid") {
						t.Errorf("%d, %s (%s): %v, want %s", c.ID, c.Comment, c.Flags, good, c.Result)
					}
				}
			}
			if tried != of.cases {
				t.Errorf("%d cases, want %d", tried, of.cases)
			}
		})
	}
}
