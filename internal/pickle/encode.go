package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// batch is how many items Python puts into one operation.
const batch = 1000

// Encode writes members as the pickle of a dict, byte for byte as Python's
// pickle.dumps does where no value occurs twice and all fits into one frame.
// Each value must be canonical JSON text, as package pyjson gives it. The
// protocol is 4 or 5. The error is ErrLimit.
func Encode(members []pyjson.Member, protocol int) (string, error) {
	if protocol < 4 || protocol > 5 {
		return "", fmt.Errorf("pickle: protocol %d; only 4 and 5 are written", protocol)
	}
	e := encoder{out: make([]byte, headSize, 512)}
	e.op(opEmptyDict, opMemoize)
	e.batches(len(members), opSetItem, opSetItems, func(i int) {
		e.unicode(members[i].Key)
		e.text = members[i].Value
		e.counts = counts(e.text)
		e.value()
	})
	e.op(opStop)
	if len(e.out) > MaxSize {
		return "", fmt.Errorf("%w: %d bytes", ErrLimit, len(e.out))
	}
	return e.framed(byte(protocol)), nil
}

// headSize is the protocol and the frame.
const headSize = 2 + 9

type encoder struct {
	out    []byte
	text   string // the JSON that is still to be read
	counts []int  // of the lists and dicts in it
}

// framed fills in the head. Python has no frame round fewer than four bytes.
func (e *encoder) framed(protocol byte) string {
	size := len(e.out) - headSize
	if size < 4 {
		return string([]byte{opProto, protocol}) + string(e.out[headSize:])
	}
	e.out[0], e.out[1], e.out[2] = opProto, protocol, opFrame
	binary.LittleEndian.PutUint64(e.out[3:], uint64(size))
	return string(e.out)
}

func (e *encoder) op(ops ...byte) { e.out = append(e.out, ops...) }

// batches writes n items: one alone, more in batches behind a mark.
func (e *encoder) batches(n int, one, many byte, item func(i int)) {
	if n == 1 {
		item(0)
		e.op(one)
		return
	}
	for i := range n {
		if i%batch == 0 {
			e.op(opMark)
		}
		item(i)
		if i%batch == batch-1 || i == n-1 {
			e.op(many)
		}
	}
}

// value reads one value off the text and writes it.
func (e *encoder) value() {
	switch e.text[0] {
	case '{':
		e.dict()
	case '[':
		e.list()
	case '"':
		e.unicode(e.str())
	case 'n':
		e.word(4, opNone)
	case 't':
		e.word(4, opNewTrue)
	case 'f':
		e.word(5, opNewFalse)
	default:
		e.number()
	}
}

func (e *encoder) word(size int, op byte) {
	e.text = e.text[size:]
	e.op(op)
}

// str removes a string from the text and decodes it.
func (e *encoder) str() string {
	end := 1
	for ; e.text[end] != '"'; end++ {
		if e.text[end] == '\\' {
			end++
		}
	}
	quoted := e.text[:end+1]
	e.text = e.text[end+1:]
	text, _ := pyjson.Unquote(quoted)
	return text
}

func (e *encoder) unicode(text string) {
	if len(text) < 256 {
		e.op(opShortBinUnicode, byte(len(text)))
	} else {
		e.op(opBinUnicode)
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(len(text)))
	}
	e.out = append(e.out, text...)
	e.op(opMemoize)
}

// counts lists how many items each list and dict of a text has, in the order in
// which they begin.
func counts(text string) (all []int) {
	var open []int // the places in all of those that are not closed yet
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			items := 1
			if text[i+1] == ']' || text[i+1] == '}' {
				items = 0
			}
			open, all = append(open, len(all)), append(all, items)
		case ']', '}':
			open = open[:len(open)-1]
		case ',':
			all[open[len(open)-1]]++
		}
	}
	return all
}

// count returns the next of the counts.
func (e *encoder) count() int {
	n := e.counts[0]
	e.counts = e.counts[1:]
	return n
}

func (e *encoder) list() {
	n := e.count()
	e.op(opEmptyList, opMemoize)
	e.batches(n, opAppend, opAppends, func(int) {
		e.text = e.text[1:] // the bracket or comma
		e.value()
	})
	e.close(n)
}

func (e *encoder) dict() {
	n := e.count()
	e.op(opEmptyDict, opMemoize)
	e.batches(n, opSetItem, opSetItems, func(int) {
		e.text = e.text[1:] // the brace or comma
		e.unicode(e.str())
		e.text = e.text[1:] // the colon
		e.value()
	})
	e.close(n)
}

func (e *encoder) close(n int) {
	if n == 0 {
		e.text = e.text[1:]
	}
	e.text = e.text[1:]
}

func (e *encoder) number() {
	end := strings.IndexAny(e.text, ",]}")
	if end < 0 {
		end = len(e.text)
	}
	text := e.text[:end]
	e.text = e.text[end:]
	if strings.Trim(text, "-0123456789") != "" {
		e.float(text)
		return
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		e.small(n)
		return
	}
	n, _ := new(big.Int).SetString(text, 10) // canonical text holds digits only
	e.long(n)
}

// pythonNaN is Python's NaN, which Go's differs from in the last bit.
const pythonNaN = 0x7ff8000000000000

// float also reads NaN and the infinities; a number beyond a float's range is
// infinite, as in Python.
func (e *encoder) float(text string) {
	f, _ := strconv.ParseFloat(text, 64)
	bits := math.Float64bits(f)
	if math.IsNaN(f) {
		bits = pythonNaN
	}
	e.op(opBinFloat)
	e.out = binary.BigEndian.AppendUint64(e.out, bits)
}

func (e *encoder) small(n int64) {
	switch {
	case n >= 0 && n < 1<<8:
		e.op(opBinInt1, byte(n))
	case n >= 0 && n < 1<<16:
		e.op(opBinInt2, byte(n), byte(n>>8))
	default:
		e.op(opBinInt)
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(int32(n)))
	}
}

// long writes two's complement, little-endian, as short as it goes.
func (e *encoder) long(n *big.Int) {
	size := n.BitLen()/8 + 1
	if n.Sign() < 0 && new(big.Int).Not(n).BitLen()/8+1 < size {
		size--
	}
	two := n
	if n.Sign() < 0 {
		two = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	raw := two.FillBytes(make([]byte, size))
	slices.Reverse(raw)
	if size < 256 {
		e.op(opLong1, byte(size))
	} else {
		e.op(opLong4)
		e.out = binary.LittleEndian.AppendUint32(e.out, uint32(size))
	}
	e.out = append(e.out, raw...)
}
