package i18n

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The form of .mo files: seven numbers of four bytes, of which the last two are
// about a hash table that is not needed here, and two tables of lengths and
// offsets, one of texts and one of translations.
const (
	moMagic  = 0x950412de
	moHeader = 7 * 4
	moRow    = 2 * 4
)

var errCutOff = errors.New("the .mo file is cut off")

// parseMO reads a compiled catalogue of either byte order. Strings stay slices of
// the data, and none is looked at before its bounds are.
func parseMO(data string) (*catalogue, error) {
	if len(data) < moHeader {
		return nil, errCutOff
	}
	var order binary.ByteOrder = binary.LittleEndian
	head := []byte(data[:moHeader])
	if order.Uint32(head) != moMagic {
		order = binary.BigEndian
	}
	if order.Uint32(head) != moMagic {
		return nil, errors.New("this is not a .mo file")
	}
	if version := order.Uint32(head[4:]); version>>16 > 1 {
		return nil, fmt.Errorf("the .mo file has version %d.%d; 0 and 1 are known", version>>16, version&0xffff)
	}
	m := &moReader{data: data, order: order, left: len(data)}
	count := uint64(order.Uint32(head[8:]))
	texts, translations := uint64(order.Uint32(head[12:])), uint64(order.Uint32(head[16:]))
	if end := max(texts, translations) + count*moRow; end > uint64(len(data)) {
		return nil, errCutOff
	}
	b := newBuilder()
	for row := range count {
		key, err := m.read(texts + row*moRow)
		if err != nil {
			return nil, err
		}
		translation, err := m.read(translations + row*moRow)
		if err != nil {
			return nil, err
		}
		if err := b.addRow(key, translation); err != nil {
			return nil, err
		}
	}
	return b.catalogue, nil
}

// addRow stores a row of a .mo file, in which NUL separates forms.
func (b *builder) addRow(key, translation string) error {
	if key == "" {
		return b.header(translation)
	}
	key, _, counts := strings.Cut(key, "\x00")
	if !counts {
		return b.add(key, false, []string{translation})
	}
	return b.add(key, true, strings.SplitN(translation, "\x00", maxForms+1))
}

type moReader struct {
	data  string
	order binary.ByteOrder
	left  int // bytes that strings may still have together: they do not overlap
}

// read returns the string whose length and offset are at that place.
func (m *moReader) read(row uint64) (string, error) {
	numbers := []byte(m.data[row : row+moRow])
	length, offset := uint64(m.order.Uint32(numbers)), uint64(m.order.Uint32(numbers[4:]))
	if offset+length > uint64(len(m.data)) {
		return "", errCutOff
	}
	if m.left -= int(length); m.left < 0 {
		return "", errors.New("the strings of the .mo file overlap")
	}
	s := m.data[offset : offset+length]
	if !utf8.ValidString(s) {
		return "", errNotUTF8
	}
	return s, nil
}
