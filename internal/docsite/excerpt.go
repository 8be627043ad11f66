package docsite

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cut returns a part of a text around the first of the words, in pieces of which those that begin
// with a word are hits; its beginning where the text has none of them.
func cut(text string, wanted []string) (pieces []piece) {
	hits := find(text, wanted)
	begin := 0
	if len(hits) > 0 {
		first := hits[0][0]
		begin = min(first, edge(text, max(0, first-excerpt/3)))
	}
	end := edge(text, min(len(text), begin+excerpt))
	done := begin
	if begin > 0 {
		pieces = append(pieces, piece{"… ", false})
	}
	for _, h := range hits {
		if h[0] >= done && h[1] <= end {
			pieces = append(pieces, piece{text[done:h[0]], false}, piece{text[h[0]:h[1]], true})
			done = h[1]
		}
	}
	pieces = append(pieces, piece{text[done:end], false})
	if end < len(text) {
		pieces = append(pieces, piece{" …", false})
	}
	return slices.DeleteFunc(pieces, func(p piece) bool { return p.Text == "" })
}

// edge returns the place of the next space, or the end of the text.
func edge(text string, at int) int {
	if at == 0 || at >= len(text) {
		return at
	}
	for !utf8.RuneStart(text[at]) {
		at++ // it ends, since the text is UTF-8
	}
	if space := strings.IndexByte(text[at:], ' '); space >= 0 {
		return at + space
	}
	return len(text)
}

// isWord reports whether a letter or digit is part of a word.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// find returns where the words of a text are that begin with one of those wanted.
func find(text string, wanted []string) (hits [][2]int) {
	isGap := func(r rune) bool { return !isWord(r) }
	for at := 0; at < len(text); {
		begin := strings.IndexFunc(text[at:], isWord)
		if begin < 0 {
			break
		}
		begin += at
		if at = len(text); begin < at {
			if length := strings.IndexFunc(text[begin:], isGap); length >= 0 {
				at = begin + length
			}
		}
		word := strings.ToLower(text[begin:at])
		if slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(word, w) }) {
			hits = append(hits, [2]int{begin, at})
		}
	}
	return hits
}
