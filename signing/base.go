package signing

import (
	"fmt"
	"math"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pybase64"
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
func encodeBase64(b []byte) string { return pybase64.Encode(b) }

// decodeBase64 is Django's b64_decode, which pads and then decodes as leniently
// as Python: characters outside the alphabet are skipped, and so is padding
// that comes too early.
func decodeBase64(text string) ([]byte, error) {
	out, err := pybase64.Decode(text, (4-len(text)%4)%4)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return out, nil
}
