package pwned

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/coatcheck/coatcheck/internal/textfile"
)

// LineError is a line of the list that makes no sense. It does not show the line,
// which may be a password.
type LineError struct {
	Line   int64  // counted from 1
	Reason string // in words
}

// Error reports the number and the reason.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// maxLine is the longest line, in bytes.
const maxLine = 1 << 20

// lines reads a list, unpacked where it is compressed.
type lines struct {
	reader   *bufio.Reader
	plain    bool
	minCount int64
	number   int64 // of the line that was read last
	rare     int64 // lines with a smaller count
	read     int64 // lines that are not empty
}

func newLines(from io.Reader, plain bool, minCount int64) (*lines, error) {
	reader := bufio.NewReaderSize(from, maxLine)
	start, err := reader.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(start, []byte{0x1F, 0x8B}) {
		unpacked, err := gzip.NewReader(reader)
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		reader = bufio.NewReaderSize(unpacked, maxLine)
	}
	reader = bufio.NewReaderSize(textfile.Reader(reader), maxLine)
	return &lines{reader: reader, plain: plain, minCount: minCount}, nil
}

// next returns the next digest; io.EOF after the last.
func (l *lines) next() (digest [sha1.Size]byte, err error) {
	for {
		line, err := l.line()
		if err != nil {
			return digest, err
		}
		if len(line) == 0 {
			continue
		}
		l.read++
		if l.plain {
			return sha1.Sum(line), nil
		}
		count, reason := parse(line, &digest)
		if l.minCount > 0 && reason == "" && count < 0 {
			reason = "there is no count, which a least count needs"
		}
		switch {
		case reason != "":
			return digest, &LineError{l.number, reason}
		case count >= l.minCount || count < 0:
			return digest, nil
		}
		l.rare++
	}
}

// line returns a line without its end.
func (l *lines) line() ([]byte, error) {
	line, err := l.reader.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, err
	}
	l.number++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, &LineError{l.number, "it is longer than a mebibyte"}
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

// Why a line is no hash.
const (
	noHash  = "it is not a SHA-1 hash in 40 hexadecimal digits, alone or followed by a colon and a count"
	ntlm    = "it is a hash of 32 digits, such as NTLM; what is needed is the list of SHA-1 hashes"
	noCount = "what follows the hash is not a colon and a count"
)

// parse reads a digest and the count behind it, which is -1 where there is none.
func parse(line []byte, digest *[sha1.Size]byte) (count int64, reason string) {
	const digits = 2 * sha1.Size
	name, number, counted := bytes.Cut(line, []byte(":"))
	if len(name) != digits {
		if _, err := hex.Decode(digest[:], name[:min(32, len(name))]); err == nil && len(name) == 32 {
			return 0, ntlm
		}
		return 0, noHash
	}
	if _, err := hex.Decode(digest[:], name); err != nil {
		return 0, noHash
	}
	if !counted {
		return -1, ""
	}
	if len(number) == 0 || len(number) > 18 {
		return 0, noCount
	}
	for _, d := range number {
		if d < '0' || d > '9' {
			return 0, noCount
		}
		count = 10*count + int64(d-'0')
	}
	return count, ""
}
