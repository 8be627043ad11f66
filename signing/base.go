package signing

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
)

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// EncodeBase62 writes n with the digits 0-9, A-Z, a-z (Django: b62_encode).
func EncodeBase62(n int64) string {
	if n == 0 {
		return "0"
	}
	var buf [12]byte
	i := len(buf)
	left := uint64(n)
	if n < 0 {
		left = -left
	}
	for ; left > 0; left /= 62 {
		i--
		buf[i] = base62Digits[left%62]
	}
	if n < 0 {
		i--
		buf[i] = '-'
	}
	return string(buf[i:])
}

// DecodeBase62 reads what EncodeBase62 writes, and also "00" or "-0" as Django
// does (b62_decode). A number beyond 64 bits saturates.
func DecodeBase62(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	if text == "" {
		return 0, fmt.Errorf("%w: an empty base 62 number", ErrMalformed)
	}
	n := int64(0)
	for i := range len(digits) {
		d := strings.IndexByte(base62Digits, digits[i])
		if d < 0 {
			return 0, fmt.Errorf("%w: %q is not a base 62 number", ErrMalformed, text)
		}
		if n > (math.MaxInt64-int64(d))/62 {
			n = math.MaxInt64
			continue
		}
		n = n*62 + int64(d)
	}
	if negative {
		n = -n
	}
	return n, nil
}

// encodeBase64 is Django's b64_encode: URL-safe, without padding.
func encodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decodeBase64 is Django's b64_decode, which pads and then decodes as leniently
// as Python: characters outside the alphabet are skipped, and so is padding
// that comes too early.
func decodeBase64(text string) ([]byte, error) {
	if !strings.ContainsAny(text, "\r\n") {
		if out, err := base64.RawURLEncoding.DecodeString(text); err == nil {
			return out, nil
		}
	}
	return decodeLenient(text, (4-len(text)%4)%4)
}

var errPadding = errors.New("incorrect base64 padding")

// decodeLenient is CPython's binascii.a2b_base64 in its default mode, on text
// followed by a number of "=".
func decodeLenient(text string, padding int) ([]byte, error) {
	out := make([]byte, 0, len(text)*3/4+3)
	quad, pads, left := 0, 0, byte(0)
	for i := range len(text) + padding {
		c := byte('=')
		if i < len(text) {
			c = text[i]
		}
		if c == '=' {
			pads++
			if quad >= 2 && quad+pads >= 4 {
				return out, nil
			}
			continue
		}
		d, ok := sextet(c)
		if !ok {
			continue
		}
		pads = 0
		if quad > 0 {
			out = append(out, left<<(2*quad)|d>>(6-2*quad))
		}
		left, quad = d, (quad+1)%4
	}
	if quad != 0 {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, errPadding)
	}
	return out, nil
}

func sextet(c byte) (byte, bool) {
	switch {
	case c >= 'A' && c <= 'Z':
		return c - 'A', true
	case c >= 'a' && c <= 'z':
		return c - 'a' + 26, true
	case c >= '0' && c <= '9':
		return c - '0' + 52, true
	case c == '-' || c == '+':
		return 62, true
	case c == '_' || c == '/':
		return 63, true
	}
	return 0, false
}
