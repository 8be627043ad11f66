package accounts

import (
	"strings"

	"golang.org/x/text/width"
)

// lineLength is how many columns a line of plain text has at most: RFC 5322 asks for 78, and what
// replies put in front of it needs room.
const lineLength = 76

// words splits a text at spaces and line ends, and not at spaces that must not break.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' })
}

// wrap breaks a paragraph into lines: at spaces, and in scripts that have none between characters.
func wrap(text string) string {
	var b strings.Builder
	length := 0
	for i, word := range words(text) {
		for j, part := range parts(word) {
			n, gap := columns(part), 0
			if i > 0 && j == 0 {
				gap = 1
			}
			switch {
			case length > 0 && length+gap+n > lineLength:
				b.WriteByte('\n')
				length = 0
			case gap > 0:
				b.WriteByte(' ')
				length++
			}
			b.WriteString(part)
			length += n
		}
	}
	return b.String()
}

// columns returns how wide a text is in a terminal: characters of Chinese and Japanese take two
// columns.
func columns(text string) (n int) {
	for _, r := range text {
		n++
		if isWide(r) {
			n++
		}
	}
	return n
}

func isWide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}

// What a line of Japanese or Chinese does not begin with, and what it does not end with.
const (
	noStart = "、。，．・：；？！」』）］｝〉》】〕”’ー々〜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.:;?!)]}%"
	noEnd   = "「『（［｛〈《【〔“‘([{"
)

// parts splits a word where a line may end within it: beside a wide character.
func parts(word string) (all []string) {
	begin, before := 0, rune(0)
	for i, r := range word {
		if i > 0 && (isWide(before) || isWide(r)) && !strings.ContainsRune(noStart, r) &&
			!strings.ContainsRune(noEnd, before) {
			all = append(all, word[begin:i])
			begin = i
		}
		before = r
	}
	return append(all, word[begin:])
}
