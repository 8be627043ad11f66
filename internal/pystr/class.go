package pystr

import (
	"unicode"
	"unicode/utf8"
)

// IsWord is \w of Python's re for str: what str.isalnum takes, which is the
// letters and all kinds of numbers, and the underscore. Combining marks are not
// among them. It knows the letters of Unicode 15.1, as Python 3.13 does: those of
// Go 1.26 and the ideographs U+2EBF0 to U+2EE5D.
func IsWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.In(r, unicode.L, unicode.N) || 0x2EBF0 <= r && r <= 0x2EE5D
}

// IsDigit is what Python's str.isdigit takes: the decimal digits of all scripts,
// and such as ² and ① that are digits without a place value.
func IsDigit(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.Nd, digitNotDecimal)
}

// digitNotDecimal has Numeric_Type=Digit in the Unicode Character Database. New
// characters do not get this type any more.
var digitNotDecimal = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xB2, 0xB3, 1},
		{0xB9, 0xB9, 1},
		{0x1369, 0x1371, 1},
		{0x19DA, 0x19DA, 1},
		{0x2070, 0x2070, 1},
		{0x2074, 0x2079, 1},
		{0x2080, 0x2089, 1},
		{0x2460, 0x2468, 1},
		{0x2474, 0x247C, 1},
		{0x2488, 0x2490, 1},
		{0x24EA, 0x24EA, 1},
		{0x24F5, 0x24FD, 1},
		{0x24FF, 0x24FF, 1},
		{0x2776, 0x277E, 1},
		{0x2780, 0x2788, 1},
		{0x278A, 0x2792, 1},
	},
	R32: []unicode.Range32{
		{0x10A40, 0x10A43, 1}, {0x10E60, 0x10E68, 1}, {0x11052, 0x1105A, 1}, {0x1F100, 0x1F10A, 1},
	},
	LatinOffset: 2,
}
