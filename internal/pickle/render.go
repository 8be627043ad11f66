package pickle

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// renderer turns nodes into JSON text. Lists that hold themselves, and short
// pickles that stand for long texts, end at the budget.
type renderer struct {
	budget int // bytes that may still be written
}

// members renders the items of the outermost dict one by one, so that a foreign
// one spoils no other.
func (r *renderer) members(dict *node) (members []pyjson.Member, foreign, err error) {
	members = make([]pyjson.Member, 0, len(dict.items)/2)
	for key, value := range pairs(dict) {
		if key.kind != isText {
			foreign = first(foreign, fmt.Errorf("%w: a key that is no text", ErrForeign))
			continue
		}
		text, why := r.value(nil, value, 1)
		if r.budget < 0 {
			return nil, nil, fmt.Errorf("%w: the values that it stands for", ErrLimit)
		}
		if why != "" {
			foreign = first(foreign, fmt.Errorf("%w: the item %.40q holds %s", ErrForeign, key.text, why))
			continue
		}
		members = append(members, pyjson.Member{Key: key.text, Value: string(text)})
	}
	return members, foreign, nil
}

func first(earlier, now error) error {
	if earlier != nil {
		return earlier
	}
	return now
}

// pairs yields the items of a dict as Python holds them: of a key that is set
// twice the first place and the last value count.
func pairs(dict *node) func(yield func(key, value *node) bool) {
	return func(yield func(key, value *node) bool) {
		last := make(map[string]int, len(dict.items)/2)
		for i := 0; i < len(dict.items); i += 2 {
			if key := dict.items[i]; key.kind == isText {
				last[key.text] = i
			}
		}
		for i := 0; i < len(dict.items); i += 2 {
			key, at := dict.items[i], i
			if key.kind == isText {
				if last[key.text] < 0 {
					continue
				}
				at, last[key.text] = last[key.text], -1
			}
			if !yield(key, dict.items[at+1]) {
				return
			}
		}
	}
}

// value appends a value. why says what JSON has no word for, or is empty.
func (r *renderer) value(dst []byte, n *node, depth int) (text []byte, why string) {
	before := len(dst)
	switch n.kind {
	case isNone:
		dst = append(dst, "null"...)
	case isTrue:
		dst = append(dst, "true"...)
	case isFalse:
		dst = append(dst, "false"...)
	case isInt:
		dst = strconv.AppendInt(dst, n.number, 10)
	case isLong:
		if dst, why = appendLong(dst, n.text); why != "" {
			return dst, why
		}
	case isFloat:
		dst = append(dst, pyjson.Float(math.Float64frombits(uint64(n.number)))...)
	case isText:
		if r.budget < len(n.text) {
			r.budget = -1
			return dst, "too much"
		}
		dst = pyjson.Quote(dst, n.text)
	case isForeign:
		return dst, n.text
	default:
		return r.container(dst, n, depth)
	}
	return dst, r.spend(len(dst) - before)
}

func (r *renderer) spend(n int) (why string) {
	if r.budget -= n; r.budget < 0 {
		return "too much"
	}
	return ""
}

func (r *renderer) container(dst []byte, n *node, depth int) (text []byte, why string) {
	if depth >= pyjson.MaxDepth {
		return dst, "lists and dicts nested too deep"
	}
	if why := r.spend(2 + len(n.items)); why != "" {
		return dst, why
	}
	if n.kind == isList {
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, why = r.value(dst, item, depth+1); why != "" {
				return dst, why
			}
		}
		return append(dst, ']'), ""
	}
	dst = append(dst, '{')
	for key, item := range pairs(n) {
		if key.kind != isText {
			return dst, "a dict with a key that is no text"
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		if dst, why = r.value(dst, key, depth+1); why != "" {
			return dst, why
		}
		dst = append(dst, ':')
		if dst, why = r.value(dst, item, depth+1); why != "" {
			return dst, why
		}
	}
	return append(dst, '}'), ""
}

// maxLong is the size of the longest integer that Python turns into text: 4300
// digits (sys.int_info.default_max_str_digits).
const maxLong = 1786

func appendLong(dst []byte, raw string) (text []byte, why string) {
	if len(raw) > maxLong {
		return dst, "an integer that is too long"
	}
	bytes := []byte(raw)
	slices.Reverse(bytes)
	n := new(big.Int).SetBytes(bytes)
	if len(bytes) > 0 && bytes[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	digits := n.Append(nil, 10)
	if len(digits) > 4301 || len(digits) == 4301 && digits[0] != '-' {
		return dst, "an integer that is too long"
	}
	return append(dst, digits...), ""
}
