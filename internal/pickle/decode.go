package pickle

import (
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// MaxSize is the most bytes that Decode reads and Encode writes: 4 MiB, four
// times what memcached keeps.
const MaxSize = 4 << 20

// maxNodes bounds the values of one pickle, and so the memory that they take:
// a value may cost one byte of input and sixty of memory.
const maxNodes = 1 << 17

// maxItems bounds the places in lists and dicts; one value may be in several.
const maxItems = 4 * maxNodes

// Errors that Decode returns.
var (
	// ErrMalformed: this is no pickle of protocols 2 to 5, or it is cut off.
	ErrMalformed = errors.New("pickle: malformed")
	// ErrLimit: reading it would cost more than a session may cost.
	ErrLimit = errors.New("pickle: too large")
	// ErrNone: it is the pickle of None, which Django's caches take for a key
	// that is not there.
	ErrNone = errors.New("pickle: None")
	// ErrForeign is in the second result of Decode: an item holds what JSON
	// cannot say.
	ErrForeign = errors.New("pickle: holds what JSON cannot say")
)

// Decode reads the pickle of a dict. Its members come in the dict's order, each
// value as canonical JSON text; an item that JSON cannot say is left out, and
// foreign then names the first one (ErrForeign). Data after the pickle's end is
// ignored, as pickle.loads does. err is ErrMalformed, ErrLimit or ErrNone.
func Decode(text string) (members []pyjson.Member, foreign, err error) {
	if len(text) > MaxSize {
		return nil, nil, fmt.Errorf("%w: %d bytes", ErrLimit, len(text))
	}
	m := machine{text: text}
	top, err := m.run()
	if err != nil {
		return nil, nil, err
	}
	switch top.kind {
	case isDict:
		r := renderer{budget: 8*len(text) + 1<<16}
		return r.members(top)
	case isNone:
		return nil, nil, ErrNone
	}
	return nil, nil, fmt.Errorf("%w: not a dict", ErrMalformed)
}

type kind uint8

const (
	isNone kind = iota
	isTrue
	isFalse
	isInt     // number
	isLong    // text holds the bytes, little-endian two's complement
	isFloat   // number holds the bits
	isText    // text
	isList    // items
	isDict    // items: key, value, key, value
	isForeign // text says what it is
	isMark
)

type node struct {
	kind   kind
	number int64
	text   string
	items  []*node
}

var (
	none      = &node{kind: isNone}
	yes       = &node{kind: isTrue}
	no        = &node{kind: isFalse}
	mark      = &node{kind: isMark}
	tuple     = &node{kind: isForeign, text: "a tuple"}
	bytesNode = &node{kind: isForeign, text: "bytes"}
	set       = &node{kind: isForeign, text: "a set"}
	object    = &node{kind: isForeign, text: "a Python object"}
)

// machine runs a pickle. Fixed nodes are shared: nothing is ever written to one
// that is neither list nor dict.
type machine struct {
	text     string
	pos      int
	stack    []*node
	memo     []*node // nil where nothing was put
	memoized int
	nodes    int
	items    int
}

func (m *machine) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrMalformed, what, m.pos)
}

func (m *machine) run() (*node, error) {
	if len(m.text) < 2 || m.text[0] != opProto || m.text[1] < 2 || m.text[1] > 5 {
		return nil, m.fail("no protocol of 2 to 5")
	}
	m.pos = 2
	for m.pos < len(m.text) {
		op := m.text[m.pos]
		m.pos++
		if op == opStop {
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
	return nil, m.fail("the end is missing")
}

// step runs one operation. Each group of them knows its own.
func (m *machine) step(op byte) error {
	for _, group := range [...]func(*machine, byte) (bool, error){
		(*machine).scalar, (*machine).container, (*machine).memory, (*machine).foreign,
	} {
		if known, err := group(m, op); known {
			return err
		}
	}
	return m.fail(fmt.Sprintf("operation 0x%02x", op))
}

func (m *machine) push(n *node) error {
	if len(m.stack) >= maxNodes {
		return fmt.Errorf("%w: the stack", ErrLimit)
	}
	m.stack = append(m.stack, n)
	return nil
}

// add pushes a new node.
func (m *machine) add(n node) error {
	if m.nodes++; m.nodes > maxNodes {
		return fmt.Errorf("%w: more than %d values", ErrLimit, maxNodes)
	}
	return m.push(&n)
}

// pop removes the top of the stack, which must be a value.
func (m *machine) pop() (*node, error) {
	n, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return n, err
}

func (m *machine) top() (*node, error) {
	if len(m.stack) == 0 || m.stack[len(m.stack)-1].kind == isMark {
		return nil, m.fail("the stack is empty")
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark removes everything above the last mark, and the mark. The result is
// valid until the next push.
func (m *machine) popMark() ([]*node, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if m.stack[i].kind == isMark {
			items := m.stack[i+1:]
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, m.fail("no mark")
}

// take passes n bytes of the input.
func (m *machine) take(n uint64) (string, error) {
	if n > uint64(len(m.text)-m.pos) {
		return "", m.fail("cut off")
	}
	start := m.pos
	m.pos += int(n)
	return m.text[start:m.pos], nil
}

// uint reads a little-endian number of size bytes.
func (m *machine) uint(size uint64) (n uint64, err error) {
	raw, err := m.take(size)
	for i := len(raw) - 1; i >= 0; i-- {
		n = n<<8 | uint64(raw[i])
	}
	return n, err
}

// sized reads a number of size bytes and then as many bytes as it says.
func (m *machine) sized(size uint64) (string, error) {
	n, err := m.uint(size)
	if err != nil {
		return "", err
	}
	return m.take(n)
}

// line reads up to the end of a line.
func (m *machine) line() (string, error) {
	for i := m.pos; i < len(m.text); i++ {
		if m.text[i] == '\n' {
			start := m.pos
			m.pos = i + 1
			return m.text[start:i], nil
		}
	}
	return "", m.fail("cut off")
}
