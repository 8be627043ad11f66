package pickle

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// scalar runs the operations that push a value without parts.
func (m *machine) scalar(op byte) (known bool, err error) {
	switch op {
	case opNone:
		return true, m.push(none)
	case opNewTrue:
		return true, m.push(yes)
	case opNewFalse:
		return true, m.push(no)
	case opBinInt1:
		return true, m.integer(1)
	case opBinInt2:
		return true, m.integer(2)
	case opBinInt:
		return true, m.integer(4)
	case opLong1:
		return true, m.long(1)
	case opLong4:
		return true, m.long(4)
	case opBinFloat:
		return true, m.float()
	case opShortBinUnicode:
		return true, m.unicode(1)
	case opBinUnicode:
		return true, m.unicode(4)
	case opBinUnicode8:
		return true, m.unicode(8)
	case opShortBinBytes, opShortBinString:
		return true, m.bytes(1)
	case opBinBytes, opBinString:
		return true, m.bytes(4)
	case opBinBytes8, opByteArray8:
		return true, m.bytes(8)
	}
	return false, nil
}

func (m *machine) integer(size uint64) error {
	n, err := m.uint(size)
	if err != nil {
		return err
	}
	if size == 4 { // only this one has a sign
		return m.add(node{kind: isInt, number: int64(int32(n))})
	}
	return m.add(node{kind: isInt, number: int64(n)})
}

func (m *machine) long(size uint64) error {
	raw, err := m.sized(size)
	if err != nil {
		return err
	}
	return m.add(node{kind: isLong, text: raw})
}

func (m *machine) float() error {
	raw, err := m.take(8)
	if err != nil {
		return err
	}
	var bits uint64
	for i := range len(raw) { // big-endian, unlike everything else
		bits = bits<<8 | uint64(raw[i])
	}
	return m.add(node{kind: isFloat, number: int64(bits)})
}

func (m *machine) unicode(size uint64) error {
	raw, err := m.sized(size)
	if err != nil {
		return err
	}
	if !validText(raw) {
		return m.fail("text is not UTF-8")
	}
	return m.add(node{kind: isText, text: raw})
}

func (m *machine) bytes(size uint64) error {
	if _, err := m.sized(size); err != nil {
		return err
	}
	return m.push(bytesNode)
}

// validText is utf8.ValidString, except that lone surrogates may occur in their
// three-byte form: Python writes with "surrogatepass".
func validText(text string) bool {
	for !utf8.ValidString(text) {
		i := 0
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			i += size
		}
		if len(text)-i < 3 || text[i] != 0xed || text[i+1] < 0xa0 || text[i+1] > 0xbf || text[i+2] < 0x80 || text[i+2] > 0xbf {
			return false
		}
		text = text[i+3:]
	}
	return true
}

// container runs the operations on lists and dicts.
func (m *machine) container(op byte) (known bool, err error) {
	switch op {
	case opMark:
		return true, m.push(mark)
	case opEmptyDict:
		return true, m.add(node{kind: isDict})
	case opEmptyList:
		return true, m.add(node{kind: isList})
	case opDict:
		return true, m.collect(isDict)
	case opList:
		return true, m.collect(isList)
	case opAppend:
		return true, m.extendOne(isList, 1)
	case opSetItem:
		return true, m.extendOne(isDict, 2)
	case opAppends:
		return true, m.extendMark(isList)
	case opSetItems:
		return true, m.extendMark(isDict)
	}
	return false, nil
}

// collect creates a list or dict of everything above the last mark.
func (m *machine) collect(k kind) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if k == isDict && len(items)%2 != 0 {
		return m.fail("a key without a value")
	}
	if m.items += len(items); m.items > maxItems {
		return fmt.Errorf("%w: more than %d items", ErrLimit, maxItems)
	}
	return m.add(node{kind: k, items: slices.Clone(items)})
}

func (m *machine) extendOne(k kind, n int) error {
	var items [2]*node
	for i := n - 1; i >= 0; i-- {
		item, err := m.pop()
		if err != nil {
			return err
		}
		items[i] = item
	}
	return m.extend(k, items[:n])
}

func (m *machine) extendMark(k kind) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if k == isDict && len(items)%2 != 0 {
		return m.fail("a key without a value")
	}
	return m.extend(k, items)
}

// extend adds items to the list or dict on the top of the stack. What is added
// to a placeholder is dropped with it.
func (m *machine) extend(k kind, items []*node) error {
	into, err := m.top()
	if err != nil {
		return err
	}
	switch into.kind {
	case k:
		if m.items += len(items); m.items > maxItems {
			return fmt.Errorf("%w: more than %d items", ErrLimit, maxItems)
		}
		into.items = append(into.items, items...)
		return nil
	case isForeign:
		return nil
	}
	return m.fail("items for what is no container")
}

// memory runs the operations on the stack and the memo, and the framing.
func (m *machine) memory(op byte) (known bool, err error) {
	switch op {
	case opMemoize:
		return true, m.put(uint64(m.memoized))
	case opBinPut:
		return true, m.putAt(1)
	case opLongBinPut:
		return true, m.putAt(4)
	case opBinGet:
		return true, m.get(1)
	case opLongBinGet:
		return true, m.get(4)
	case opPop:
		if n := len(m.stack); n > 0 && m.stack[n-1].kind == isMark {
			m.stack = m.stack[:n-1]
			return true, nil
		}
		_, err := m.pop()
		return true, err
	case opPopMark:
		_, err := m.popMark()
		return true, err
	case opDup:
		n, err := m.top()
		if err != nil {
			return true, err
		}
		return true, m.push(n)
	case opFrame:
		n, err := m.uint(8)
		if err == nil && n > uint64(len(m.text)-m.pos) {
			err = m.fail("cut off")
		}
		return true, err
	}
	return false, nil
}

func (m *machine) putAt(size uint64) error {
	i, err := m.uint(size)
	if err != nil {
		return err
	}
	return m.put(i)
}

func (m *machine) put(i uint64) error {
	n, err := m.top()
	if err != nil {
		return err
	}
	if i >= maxNodes {
		return fmt.Errorf("%w: the memo", ErrLimit)
	}
	for uint64(len(m.memo)) <= i {
		m.memo = append(m.memo, nil)
	}
	if m.memo[i] == nil {
		m.memoized++
	}
	m.memo[i] = n
	return nil
}

func (m *machine) get(size uint64) error {
	i, err := m.uint(size)
	if err != nil {
		return err
	}
	if i >= uint64(len(m.memo)) || m.memo[i] == nil {
		return m.fail("nothing in the memo")
	}
	return m.push(m.memo[i])
}
