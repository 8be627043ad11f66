package pyjson

import (
	"errors"
	"fmt"
	"strings"
)

// MaxDepth is how deep arrays and objects may nest. Python's own limit is its
// recursion limit, about a thousand.
const MaxDepth = 500

// maxDigits is Python's limit for the digits of an integer
// (sys.int_info.default_max_str_digits); beyond it json.loads raises ValueError.
const maxDigits = 4300

// ErrSyntax is wrapped by every error about text that Python's json.loads
// would refuse.
var ErrSyntax = errors.New("pyjson: not JSON as Python reads it")

// Member is one item of an object: the key decoded, the value as canonical text.
type Member struct {
	Key   string
	Value string
}

// Parse checks one JSON value and returns its canonical text: compact and
// ASCII. The bytes of text are Latin-1 characters, as Django decodes a signed
// payload, so text that is already canonical is returned as it is.
func Parse(text string) (string, error) {
	s := scanner{text: text}
	s.space()
	start := s.pos
	if err := s.value(0); err != nil {
		return "", err
	}
	end := s.pos
	if err := s.end(); err != nil {
		return "", err
	}
	return s.canonical(start, end), nil
}

// ParseObject checks a JSON object and returns its members in order. Of a key
// that occurs twice the first place and the last value count, as in a dict.
// Text that is a value of another kind returns an error.
func ParseObject(text string) ([]Member, error) {
	s := scanner{text: text}
	s.space()
	if s.peek() != '{' {
		return nil, s.fail("expected an object")
	}
	members, err := s.members()
	if err != nil {
		return nil, err
	}
	return members, s.end()
}

// ParseArray checks a JSON array and returns its items as canonical text. Text that is
// a value of another kind returns an error.
func ParseArray(text string) ([]string, error) {
	s := scanner{text: text}
	s.space()
	if s.peek() != '[' {
		return nil, s.fail("expected an array")
	}
	items := []string{}
	err := s.items(']', func() error {
		s.loose = false
		start := s.pos
		if err := s.value(1); err != nil {
			return err
		}
		items = append(items, s.canonical(start, s.pos))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, s.end()
}

type scanner struct {
	text  string
	pos   int
	loose bool // the text so far is not canonical: a space, or a character to escape
}

func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, s.pos)
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
			s.loose = true
		default:
			return
		}
	}
}

func (s *scanner) end() error {
	s.space()
	if s.pos != len(s.text) {
		return s.fail("extra data")
	}
	return nil
}

// canonical returns text[start:end], rewritten where it is not canonical yet.
func (s *scanner) canonical(start, end int) string {
	if !s.loose {
		return s.text[start:end]
	}
	return string(appendCanonical(make([]byte, 0, end-start), s.text[start:end]))
}

func (s *scanner) value(depth int) error {
	if depth > MaxDepth {
		return s.fail("nested too deep")
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.str()
	case c == '-' && strings.HasPrefix(s.text[s.pos:], "-Infinity"):
		s.pos += len("-Infinity")
		return nil
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "true", "false", "NaN", "Infinity"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fail("expected a value")
}

// items walks the items of an array or object whose opening byte is at pos.
func (s *scanner) items(closing byte, item func() error) error {
	s.pos++
	s.space()
	if s.peek() == closing {
		s.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case closing:
			s.pos++
			return nil
		case ',':
			s.pos++
			s.space()
		default:
			return s.fail("expected a comma")
		}
	}
}

func (s *scanner) array(depth int) error {
	return s.items(']', func() error { return s.value(depth + 1) })
}

func (s *scanner) object(depth int) error {
	return s.items('}', func() error {
		if err := s.key(); err != nil {
			return err
		}
		return s.value(depth + 1)
	})
}

// key passes a key, its colon and the spaces around it.
func (s *scanner) key() error {
	if s.peek() != '"' {
		return s.fail("expected a key in double quotes")
	}
	if err := s.str(); err != nil {
		return err
	}
	s.space()
	if s.peek() != ':' {
		return s.fail("expected a colon")
	}
	s.pos++
	s.space()
	return nil
}

func (s *scanner) members() ([]Member, error) {
	set := memberSet{members: make([]Member, 0, 8)}
	err := s.items('}', func() error {
		start := s.pos
		if err := s.key(); err != nil {
			return err
		}
		key, _ := Unquote(s.text[start:s.keyEnd(start)])
		s.loose = false
		start = s.pos
		if err := s.value(1); err != nil {
			return err
		}
		set.put(Member{Key: key, Value: s.canonical(start, s.pos)})
		return nil
	})
	return set.members, err
}

// keyEnd finds the end of the quoted text that begins at start; it has been
// checked already.
func (s *scanner) keyEnd(start int) int {
	for i := start + 1; ; i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// memberSet keeps each key once. A small set is searched by eye; a large one
// gets an index, so that hostile input costs linear time.
type memberSet struct {
	members []Member
	index   map[string]int
}

func (set *memberSet) put(m Member) {
	if i := set.find(m.Key); i >= 0 {
		set.members[i].Value = m.Value
		return
	}
	set.members = append(set.members, m)
	if set.index != nil {
		set.index[m.Key] = len(set.members) - 1
	}
}

func (set *memberSet) find(key string) int {
	if len(set.members) >= 32 && set.index == nil {
		set.index = make(map[string]int, 64)
		for i, m := range set.members {
			set.index[m.Key] = i
		}
	}
	if set.index != nil {
		if i, ok := set.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range set.members {
		if set.members[i].Key == key {
			return i
		}
	}
	return -1
}

func (s *scanner) str() error {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < 0x20:
			return s.fail("control character in a string")
		case c >= 0x7f:
			s.loose = true
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.fail("unterminated string")
}

// escape checks the escape at pos and leaves pos on its last byte.
func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		if s.pos+4 >= len(s.text) {
			return s.fail("cut-off \\u escape")
		}
		for range 4 {
			s.pos++
			if unhex(s.text[s.pos]) < 0 {
				return s.fail("bad \\u escape")
			}
		}
		return nil
	}
	return s.fail("bad escape")
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	switch first := s.peek(); {
	case first == '0':
		s.pos++
	case first >= '1' && first <= '9':
		if s.digits() > maxDigits {
			return s.fail("number too long")
		}
	default:
		return s.fail("expected a digit")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.fail("expected a digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.fail("expected a digit")
		}
	}
	return nil
}

func (s *scanner) digits() int {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos - start
}

func unhex(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
