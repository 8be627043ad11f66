package pystr

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFKC is Unicode's compatibility composition: ﬀ becomes ff, full-width letters
// become plain ones, a letter and its accent become one code point. Text that
// is not UTF-8 is read as [DecodeReplace] reads it.
// Python: unicodedata.normalize("NFKC", s).
func NFKC(s string) string {
	if isASCII(s) {
		return s
	}
	s = DecodeReplace(s)
	out := norm.NFKC.String(s)
	if strings.Count(out, joiner) == strings.Count(s, joiner) {
		return out
	}
	return longNFKC(s)
}

// joiner is U+034F, the combining grapheme joiner. x/text writes one after 30
// marks in a row, to keep streams in bounds (UAX 15, section 13); Python does
// not. No mapping of NFKC makes or takes one.
const joiner = "\u034F"

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// longNFKC normalises text with long rows of marks, by the book: decompose each
// code point, sort the marks of each row, compose pairs.
func longNFKC(s string) string {
	var runes []rune
	var classes []uint8
	for i, r := range s {
		for _, d := range norm.NFKD.String(s[i : i+utf8.RuneLen(r)]) {
			runes, classes = append(runes, d), append(classes, combiningClass(d))
		}
	}
	sortMarks(runes, classes)
	return string(compose(runes, classes))
}

func combiningClass(r rune) uint8 {
	var space [utf8.UTFMax]byte
	return norm.NFKD.Properties(utf8.AppendRune(space[:0], r)).CCC()
}

// sortMarks orders every row of marks by class, and otherwise as they were. It
// counts, so that a row of any length takes linear time.
func sortMarks(runes []rune, classes []uint8) {
	for i := 0; i < len(runes); i++ {
		if classes[i] == 0 {
			continue
		}
		end := i + 1
		for end < len(runes) && classes[end] != 0 {
			end++
		}
		if !slices.IsSorted(classes[i:end]) {
			sortRow(runes[i:end], classes[i:end])
		}
		i = end
	}
}

func sortRow(runes []rune, classes []uint8) {
	var byClass [256][]rune
	for i, class := range classes {
		byClass[class] = append(byClass[class], runes[i])
	}
	i := 0
	for class, row := range byClass {
		i += copy(runes[i:], row)
		for j := i - len(row); j < i; j++ {
			classes[j] = uint8(class)
		}
	}
}

// compose joins each character with the last starter before it, unless one
// between them blocks it: one of the same or a higher class, or another starter.
func compose(runes []rune, classes []uint8) []rune {
	out := make([]rune, 0, len(runes))
	starter, last := -1, uint8(0) // the place of the starter, the class of the last after it
	for i, r := range runes {
		class := classes[i]
		free := starter >= 0 && (starter == len(out)-1 || 0 < last && last < class)
		if free {
			if pair, ok := composePair(out[starter], r); ok {
				out[starter] = pair
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		last = class
		out = append(out, r)
	}
	return out
}

// composePair is the one code point that two make together, if there is one.
func composePair(a, b rune) (rune, bool) {
	var space [2 * utf8.UTFMax]byte
	pair := utf8.AppendRune(utf8.AppendRune(space[:0], a), b)
	composed := norm.NFC.Append(nil, pair...)
	r, n := utf8.DecodeRune(composed)
	return r, n == len(composed)
}
