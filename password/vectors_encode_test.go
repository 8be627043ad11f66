package password

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// encodeWith returns a hash with a given salt and the record's parameters.
func encodeWith(r vectorRecord) (Hash, error) {
	raw := *r.Password
	switch r.Algorithm {
	case "pbkdf2_sha256", "pbkdf2_sha1":
		k := PBKDF2SHA256{max(1, r.Iterations)}.kind()
		if r.Algorithm == "pbkdf2_sha1" {
			k = PBKDF2SHA1{max(1, r.Iterations)}.kind()
		}
		if n, _, err := k.parse(r.hash()); err == nil {
			k.iterations = int(n)
		}
		return k.encode(raw, r.Salt)
	case "argon2":
		p, err := parseArgon2(r.hash())
		if err != nil {
			return "", err
		}
		return Argon2{int(p.t), int(p.m), int(p.p), len(p.hash)}.encode(raw, r.Salt), nil
	case "scrypt":
		p, _, err := parseScrypt(r.hash())
		if err != nil {
			p = scryptParams{16, 8, 1}
		}
		return encodeScrypt(raw, r.Salt, p)
	case "md5":
		return encodeSalted("md5", md5Hex, raw, r.Salt)
	case "sha1":
		return encodeSalted("sha1", sha1Hex, raw, r.Salt)
	case "unsalted_md5":
		return Hash(md5Hex(raw)), nil
	case "unsalted_sha1":
		return Hash("sha1$$" + sha1Hex(raw)), nil
	case "crypt":
		return Hash("crypt$$" + desCrypt(raw, r.Salt)), nil
	}
	return "", fmt.Errorf("no encoder of %q", r.Algorithm)
}

func vectorEncode(t *testing.T, r vectorRecord) {
	h := hasherOf(t, r)
	if strings.HasPrefix(r.Algorithm, "bcrypt") {
		vectorBCrypt(t, r, h)
		return
	}
	got, err := encodeWith(r)
	if r.Error != nil {
		if err == nil {
			t.Errorf("%v: Django raises %s %s, here it is encoded", r.source, r.Error.Type, r.Error.Msg)
		}
		return
	}
	if err != nil || got != r.hash() || utf8.RuneCountInString(got.Encoded()) != r.Length {
		t.Errorf("%v: %s of %q is %s (%v), want %s", r.source, r.Algorithm, *r.Password, got.Encoded(), err, *r.Encoded)
	}
	if _, err := h.Cost(r.hash()); err != nil {
		t.Errorf("%v: Cost: %v", r.source, err)
	} else if !expensive(t, r) { // else it was just computed, which is the same
		vectorReadBack(t, r, h)
	}
}

// vectorBCrypt checks by verifying: x/crypto takes no salt.
func vectorBCrypt(t *testing.T, r vectorRecord, h Hasher) {
	if b, plain := h.(BCrypt); plain {
		raw := *r.Password
		_, err := BCrypt{Rounds: 4}.Encode(raw)
		if len(raw) > bcryptBytes != errors.Is(err, ErrTooLong) {
			t.Errorf("%v: Encode of %d bytes: %v", r.source, len(raw), err)
		}
		if strings.Contains(raw, "\x00") != errors.Is(err, ErrNUL) {
			t.Errorf("%v: Encode of %q: %v", r.source, raw, err)
		}
		if !errors.Is(b.accepts(raw), err) {
			t.Errorf("%v: accepts says %v, Encode %v", r.source, b.accepts(raw), err)
		}
	}
	if r.Error != nil {
		if !strings.Contains(*r.Password, "\x00") {
			t.Errorf("%v: Django raises %s", r.source, r.Error.Msg)
		}
		return
	}
	if !strings.HasPrefix(*r.Encoded, r.Algorithm+"$"+r.Salt) || len(*r.Encoded) != r.Length {
		t.Errorf("%v: %s does not begin with the salt", r.source, *r.Encoded)
	}
	vectorReadBack(t, r, h)
}

// vectorReadBack verifies the recorded hash, and refuses tampered ones.
func vectorReadBack(t *testing.T, r vectorRecord, h Hasher) {
	stored := *r.Encoded
	if ok, err := h.Verify(*r.Password, r.hash()); !ok || err != nil {
		t.Errorf("%v: %q does not verify against %s: %v", r.source, *r.Password, stored, err)
	}
	if expensive(t, r) {
		return
	}
	truncates := r.Algorithm == "bcrypt" || r.Algorithm == "crypt"
	if ok, _ := h.Verify("x"+*r.Password, r.hash()); ok && (!truncates || !strings.HasPrefix(*r.Password, "xxxx")) {
		t.Errorf("%v: a wrong password verifies", r.source)
	}
	last := stored[len(stored)-1]
	for _, tampered := range []string{stored + "=", stored + "\n", stored[:len(stored)-1], stored[:len(stored)-1] + string(last^1)} {
		if ok, _ := h.Verify(*r.Password, Hash(tampered)); ok {
			t.Errorf("%v: %q verifies", r.source, tampered)
		}
	}
}
