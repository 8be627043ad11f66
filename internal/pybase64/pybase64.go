// Package pybase64 decodes base64 as leniently as Python does, which Django's signatures and
// links rely on. It is on floor 0, the pure tools, at the very bottom of them.
package pybase64

import (
	"encoding/base64"
	"errors"
	"strings"
)

// ErrPadding: the text ends within a group of four characters.
var ErrPadding = errors.New("incorrect base64 padding")

// Encode is base64 for URLs without padding.
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Decode reads text followed by a number of "=" as Python's
// base64.urlsafe_b64decode does: characters outside both alphabets are skipped,
// and so is padding that comes too early; what follows the end is ignored.
func Decode(text string, padding int) ([]byte, error) {
	if padding == (4-len(text)%4)%4 && !strings.ContainsAny(text, "\r\n") {
		if out, err := base64.RawURLEncoding.DecodeString(text); err == nil {
			return out, nil
		}
	}
	return decodeLenient(text, padding)
}

// decodeLenient is CPython's binascii.a2b_base64 in its default mode.
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
		return nil, ErrPadding
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
