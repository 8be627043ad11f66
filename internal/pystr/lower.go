package pystr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lower is the text in lowercase by the full mappings of Unicode: İ becomes
// an i and a dot above it, and a capital sigma at the end of a word the final
// sigma. Python: str.lower().
func Lower(s string) string {
	if t, ok := lowerASCII(s); ok {
		return t
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError:
			b.WriteString(s[i : i+n]) // also a byte that is no UTF-8
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && isFinal(s[:i], s[i+n:]):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		i += n
	}
	return b.String()
}

// lowerASCII is the small text of one that is plain ASCII; ok is false for
// others. Nothing is allocated where the text has no capitals.
func lowerASCII(s string) (t string, ok bool) {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// isFinal is the condition Final_Sigma of Unicode, 3.13: a letter with case
// comes before, none follows, whatever characters without a say stand between.
// The capital sigma has a case itself, so all calls together are linear.
func isFinal(before, after string) bool {
	cased := false
	for len(before) > 0 {
		r, n := utf8.DecodeLastRuneInString(before)
		if before = before[:len(before)-n]; !isCaseIgnorable(r) {
			cased = isCased(r)
			break
		}
	}
	if !cased {
		return false
	}
	for _, r := range after {
		if !isCaseIgnorable(r) {
			return !isCased(r)
		}
	}
	return true
}

// isCased is the property Cased.
func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseIgnorable is the property Case_Ignorable: marks, formats, modifiers and
// the punctuation inside of words.
func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', 0xB7, 0x387, 0x55F, 0x5F4, 0x2018, 0x2019, 0x2024, 0x2027,
		0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
