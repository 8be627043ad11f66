// Package textfile reads text files as the editors and shells of all systems write them: UTF-8
// with a byte order mark or without, and UTF-16 with one, which is what Windows PowerShell
// writes. It is on floor 0, the pure tools.
package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// ErrNotUTF8 is the error of a file that has no byte order mark and is no UTF-8.
var ErrNotUTF8 = errors.New("this is not text in UTF-8; save it as UTF-8")

// The byte order marks.
const (
	markUTF8    = "\xEF\xBB\xBF"
	markUTF16LE = "\xFF\xFE"
	markUTF16BE = "\xFE\xFF"
)

// Reader returns what r holds as UTF-8 and without a byte order mark. What begins with no mark
// stays as it is.
func Reader(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	start, _ := buffered.Peek(len(markUTF8)) // the error comes again when it is read
	switch {
	case bytes.HasPrefix(start, []byte(markUTF8)):
		_, _ = buffered.Discard(len(markUTF8))
	case bytes.HasPrefix(start, []byte(markUTF16LE)), bytes.HasPrefix(start, []byte(markUTF16BE)):
		return transform.NewReader(buffered, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	return buffered
}

// Decode returns a whole file as UTF-8 and without a byte order mark. What begins with no mark
// stays as it is.
func Decode(raw []byte) ([]byte, error) { return io.ReadAll(Reader(bytes.NewReader(raw))) }

// DecodeUTF8 is Decode for what must be text: ErrNotUTF8 is the error of what is not, UTF-16
// without a mark included.
func DecodeUTF8(raw []byte) ([]byte, error) {
	text, err := Decode(raw)
	if err == nil && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
		err = ErrNotUTF8
	}
	return text, err
}
