package pystr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Casefold is the text with its case folded away by the full foldings of
// Unicode: ß becomes ss, a final sigma any other sigma. Python: str.casefold().
//
// (The Fold of golang.org/x/text/cases folds Cherokee letters to each other, so
// that neither equals the other; strings.EqualFold knows no ß.)
func Casefold(s string) string {
	if t, ok := lowerASCII(s); ok {
		return t
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError {
			b.WriteString(s[:n]) // also a byte that is no UTF-8
		} else {
			writeFolded(&b, r)
		}
		s = s[n:]
	}
	return b.String()
}

func writeFolded(b *strings.Builder, r rune) {
	switch {
	case r < 0xB5:
	case 0x13A0 <= r && r <= 0x13F5: // the capitals of Cherokee came first
		b.WriteRune(r)
		return
	case 0x13F8 <= r && r <= 0x13FD:
		b.WriteRune(r - 8)
		return
	case 0xAB70 <= r && r <= 0xABBF:
		b.WriteRune(r - 0xAB70 + 0x13A0)
		return
	case 0x1F80 <= r && r <= 0x1FAF: // Greek vowels with a iota below
		b.WriteRune([...]rune{0x1F00, 0x1F20, 0x1F60}[(r-0x1F80)>>4] + r&7)
		b.WriteRune(0x3B9)
		return
	default:
		if folded, ok := folds[r]; ok {
			b.WriteString(folded)
			return
		}
	}
	b.WriteRune(unicode.ToLower(r))
}

// folds are the other foldings of CaseFolding.txt, Unicode 15.1, with the
// status C or F, that are not the lowercase letter.
var folds = map[rune]string{
	0x00B5: "\u03bc", 0x00DF: "ss", 0x0130: "i\u0307", 0x0149: "\u02bcn", 0x017F: "s",
	0x01F0: "j\u030c", 0x0345: "\u03b9", 0x0390: "\u03b9\u0308\u0301", 0x03B0: "\u03c5\u0308\u0301",
	0x03C2: "\u03c3", 0x03D0: "\u03b2", 0x03D1: "\u03b8", 0x03D5: "\u03c6", 0x03D6: "\u03c0",
	0x03F0: "\u03ba", 0x03F1: "\u03c1", 0x03F5: "\u03b5", 0x0587: "\u0565\u0582", 0x1C80: "\u0432",
	0x1C81: "\u0434", 0x1C82: "\u043e", 0x1C83: "\u0441", 0x1C84: "\u0442", 0x1C85: "\u0442",
	0x1C86: "\u044a", 0x1C87: "\u0463", 0x1C88: "\ua64b", 0x1E96: "h\u0331", 0x1E97: "t\u0308",
	0x1E98: "w\u030a", 0x1E99: "y\u030a", 0x1E9A: "a\u02be", 0x1E9B: "\u1e61", 0x1E9E: "ss",
	0x1F50: "\u03c5\u0313", 0x1F52: "\u03c5\u0313\u0300", 0x1F54: "\u03c5\u0313\u0301",
	0x1F56: "\u03c5\u0313\u0342", 0x1FB2: "\u1f70\u03b9", 0x1FB3: "\u03b1\u03b9",
	0x1FB4: "\u03ac\u03b9", 0x1FB6: "\u03b1\u0342", 0x1FB7: "\u03b1\u0342\u03b9",
	0x1FBC: "\u03b1\u03b9", 0x1FBE: "\u03b9", 0x1FC2: "\u1f74\u03b9", 0x1FC3: "\u03b7\u03b9",
	0x1FC4: "\u03ae\u03b9", 0x1FC6: "\u03b7\u0342", 0x1FC7: "\u03b7\u0342\u03b9",
	0x1FCC: "\u03b7\u03b9", 0x1FD2: "\u03b9\u0308\u0300", 0x1FD3: "\u03b9\u0308\u0301",
	0x1FD6: "\u03b9\u0342", 0x1FD7: "\u03b9\u0308\u0342", 0x1FE2: "\u03c5\u0308\u0300",
	0x1FE3: "\u03c5\u0308\u0301", 0x1FE4: "\u03c1\u0313", 0x1FE6: "\u03c5\u0342",
	0x1FE7: "\u03c5\u0308\u0342", 0x1FF2: "\u1f7c\u03b9", 0x1FF3: "\u03c9\u03b9",
	0x1FF4: "\u03ce\u03b9", 0x1FF6: "\u03c9\u0342", 0x1FF7: "\u03c9\u0342\u03b9",
	0x1FFC: "\u03c9\u03b9", 0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl",
	0xFB05: "st", 0xFB06: "st", 0xFB13: "\u0574\u0576", 0xFB14: "\u0574\u0565", 0xFB15: "\u0574\u056b",
	0xFB16: "\u057e\u0576", 0xFB17: "\u0574\u056d",
}
