package pyjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const lowerHex = "0123456789abcdef"

// Quote appends text as a JSON string in Python's ASCII spelling. Text is
// UTF-8; a lone surrogate in the three-byte form that Unquote gives is written
// back as \udXXX, and any other invalid byte as U+FFFD.
func Quote(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			dst = appendASCII(dst, c)
			i++
			continue
		}
		r, size := decodeRune(text[i:])
		dst = appendRune(dst, r)
		i += size
	}
	return append(dst, '"')
}

func appendASCII(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if c < 0x20 || c == 0x7f {
		return appendEscape(dst, rune(c))
	}
	return append(dst, c)
}

func appendRune(dst []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendEscape(appendEscape(dst, high), low)
	}
	return appendEscape(dst, r)
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', lowerHex[r>>12&15], lowerHex[r>>8&15], lowerHex[r>>4&15], lowerHex[r&15])
}

// decodeRune is utf8.DecodeRuneInString, except that it also accepts a
// surrogate in its three-byte form.
func decodeRune(text string) (rune, int) {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 && len(text) >= 3 && text[0] == 0xed &&
		text[1] >= 0xa0 && text[1] <= 0xbf && text[2] >= 0x80 && text[2] <= 0xbf {
		return 0xd000 | rune(text[1]&0x3f)<<6 | rune(text[2]&0x3f), 3
	}
	return r, size
}

// Unquote decodes canonical text that is a JSON string, and reports whether it is
// one. A lone surrogate, which Python keeps and UTF-8 has no place for, becomes
// its three-byte form; Quote writes it back.
func Unquote(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' {
		return "", false
	}
	body := text[1 : len(text)-1]
	if !needsUnquote(body) {
		return body, true
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		c := body[i]
		switch {
		case c == '\\':
			r, size := unescape(body[i:])
			out = appendWTF8(out, r)
			i += size
		default: // a byte is a Latin-1 character
			out = utf8.AppendRune(out, rune(c))
			i++
		}
	}
	return string(out), true
}

func needsUnquote(body string) bool {
	for i := range len(body) {
		if body[i] == '\\' || body[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// unescape decodes the checked escape that text begins with, joining a pair of
// surrogates.
func unescape(text string) (rune, int) {
	switch c := text[1]; c {
	case 'u':
		r := hex4(text[2:6])
		if utf16.IsSurrogate(r) && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
			if joined := utf16.DecodeRune(r, hex4(text[8:12])); joined != utf8.RuneError {
				return joined, 12
			}
		}
		return r, 6
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	default:
		return rune(c), 2
	}
}

func hex4(text string) rune {
	return unhex(text[0])<<12 | unhex(text[1])<<8 | unhex(text[2])<<4 | unhex(text[3])
}

func appendWTF8(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}

// appendCanonical appends checked JSON without its spaces and with every
// Latin-1 character outside 0x20..0x7E escaped.
func appendCanonical(dst []byte, text string) []byte {
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			dst = append(dst, c, text[i+1])
			i++
		case quoted && c >= 0x7f:
			dst = appendEscape(dst, rune(c))
		case quoted || !isSpace(c):
			dst = append(dst, c)
			quoted = quoted != (c == '"')
		}
	}
	return dst
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// AppendObject appends the members as a JSON object.
func AppendObject(dst []byte, members []Member) []byte {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(Quote(dst, m.Key), ':')
		dst = append(dst, m.Value...)
	}
	return append(dst, '}')
}

// Marshal returns the canonical text of a Go value by the rules of
// encoding/json, in Python's spelling. A float64 or float32 is written as
// Python's repr writes it, so that it is a float there too (1.0, not 1), and
// may be NaN or infinite.
func Marshal(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return string(Quote(make([]byte, 0, len(v)+2), v)), nil
	case float64:
		return Float(v), nil
	case float32:
		return Float(float64(v)), nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("pyjson: %w", err)
	}
	return asciiJSON(strings.TrimSuffix(buf.String(), "\n")), nil
}

// asciiJSON rewrites what encoding/json wrote, which is valid UTF-8 and may
// hold spaces inside a RawMessage.
func asciiJSON(text string) string {
	dst := make([]byte, 0, len(text))
	quoted := false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case quoted && c == '\\':
			dst = append(dst, c, text[i+1])
			i += 2
			continue
		case quoted && c >= 0x7f:
			r, size := decodeRune(text[i:])
			dst = appendRune(dst, r)
			i += size
			continue
		case quoted || !isSpace(c):
			dst = append(dst, c)
			quoted = quoted != (c == '"')
		}
		i++
	}
	return string(dst)
}

// Float writes f as Python's repr does: the shortest digits that read back as
// f, with an exponent below 1e-4 and from 1e16 on.
func Float(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// ErrNotFinite is returned by Unmarshal for a value that holds NaN or an
// infinity, which Go's JSON cannot carry.
var ErrNotFinite = errors.New("pyjson: the value holds NaN or Infinity")

// Unmarshal decodes canonical text into a Go value by the rules of
// encoding/json. A lone surrogate becomes U+FFFD. NaN and the infinities are
// read into a *float64 and refused elsewhere with ErrNotFinite.
func Unmarshal(text string, v any) error {
	if f, ok := v.(*float64); ok {
		if n, found := notFinite(text); found {
			*f = n
			return nil
		}
	}
	err := json.Unmarshal([]byte(text), v)
	if err == nil {
		return nil
	}
	if !json.Valid([]byte(text)) {
		return ErrNotFinite
	}
	return fmt.Errorf("pyjson: %w", err)
}

func notFinite(text string) (float64, bool) {
	switch text {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}
