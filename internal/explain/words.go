package explain

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// split splits a command into words, as bash does, or as cmd of Windows where its carets stand.
// It is not ok if a quote is open at the end.
func split(text string) (words []string, ok bool) {
	if strings.Contains(text, `^"`) || strings.Contains(text, "^\n") || strings.Contains(text, "^\r\n") {
		text = withoutCarets(text)
	}
	s := splitter{rest: text}
	for s.skip(); s.rest != ""; s.skip() {
		word, ok := s.word()
		if !ok {
			return nil, false
		}
		words = append(words, word)
	}
	return words, true
}

// withoutCarets removes the carets of cmd: each takes its meaning from the character behind it,
// and a line goes on behind one at its end.
func withoutCarets(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '^' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
		}
		if text[i] == '\n' {
			b.WriteByte(' ')
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

type splitter struct{ rest string }

// skip skips what is between words.
func (s *splitter) skip() {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n")
		switch {
		case strings.HasPrefix(s.rest, "\\\n"):
			s.rest = s.rest[2:]
		case strings.HasPrefix(s.rest, "\\\r\n"):
			s.rest = s.rest[3:]
		default:
			return
		}
	}
}

// word reads a word, which may have quoted parts.
func (s *splitter) word() (string, bool) {
	var b strings.Builder
	for s.rest != "" {
		c := s.rest[0]
		ok := true
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			return b.String(), true
		case strings.HasPrefix(s.rest, "$'"):
			s.rest = s.rest[2:]
			ok = s.escaped(&b)
		case c == '\'':
			var inside string
			inside, s.rest, ok = strings.Cut(s.rest[1:], "'")
			b.WriteString(inside)
		case c == '"':
			s.rest = s.rest[1:]
			ok = s.quoted(&b)
		case c == '\\' && len(s.rest) > 1:
			if s.rest[1] != '\n' {
				b.WriteByte(s.rest[1])
			}
			s.rest = s.rest[2:]
		default:
			b.WriteByte(c)
			s.rest = s.rest[1:]
		}
		if !ok {
			return "", false
		}
	}
	return b.String(), true
}

// quoted reads the rest of what is between double quotes.
func (s *splitter) quoted(b *strings.Builder) bool {
	for s.rest != "" {
		c := s.rest[0]
		switch {
		case c == '"':
			s.rest = s.rest[1:]
			return true
		case c == '\\' && len(s.rest) > 1 && strings.IndexByte("\"\\$`\n", s.rest[1]) >= 0:
			if s.rest[1] != '\n' {
				b.WriteByte(s.rest[1])
			}
			s.rest = s.rest[2:]
		default:
			b.WriteByte(c)
			s.rest = s.rest[1:]
		}
	}
	return false
}

// escapes are the characters that bash writes with a backslash between $' and '.
var escapes = map[byte]byte{
	'a': 7, 'b': 8, 'e': 27, 'E': 27, 'f': 12, 'n': '\n', 'r': '\r', 't': '\t', 'v': 11,
}

// escaped reads the rest of what is between $' and '.
func (s *splitter) escaped(b *strings.Builder) bool {
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case c == '\'':
			return true
		case c != '\\' || s.rest == "":
			b.WriteByte(c)
		default:
			s.escape(b)
		}
	}
	return false
}

// escape reads what follows a backslash.
func (s *splitter) escape(b *strings.Builder) {
	c := s.rest[0]
	s.rest = s.rest[1:]
	if plain, ok := escapes[c]; ok {
		b.WriteByte(plain)
		return
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	n := 0
	for n < min(digits, len(s.rest)) && strings.IndexByte("0123456789abcdefABCDEF", s.rest[n]) >= 0 {
		n++
	}
	code, err := strconv.ParseUint(s.rest[:n], 16, 32)
	switch {
	case err != nil:
		b.WriteByte(c)
		return
	case c == 'x':
		b.WriteByte(byte(code))
	default:
		b.WriteString(string(utf8.AppendRune(nil, rune(code))))
	}
	s.rest = s.rest[n:]
}
