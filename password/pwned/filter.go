package pwned

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// Filter is an open file that [Build] made. Any number of goroutines may ask it.
type Filter struct {
	file *os.File
	header
}

// Open opens a filter. It reads the first 6 KiB and looks whether the rest is
// there; [Filter.Verify] looks whether the rest is whole. A file that is replaced
// concurrently, as Build does, is still the old one until it is opened anew.
func Open(path string) (*Filter, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pwned: %w", err)
	}
	h, err := readHeader(file)
	if err != nil {
		return nil, fmt.Errorf("pwned: open %s: %w", path, errors.Join(err, file.Close()))
	}
	return &Filter{file, *h}, nil
}

func readHeader(file *os.File) (*header, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errMagic
	}
	b := make([]byte, headerSize)
	n, err := io.ReadFull(file, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return decode(b[:n], info.Size())
}

// Close closes the file; questions after it give an error.
func (f *Filter) Close() error {
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("pwned: %w", err)
	}
	return nil
}

// Entries is how many passwords the filter was built from, each counted once.
func (f *Filter) Entries() int64 { return f.entries }

// FalsePositives is the share of other passwords that the filter takes for leaked
// ones: 1/65,536, or 1/256 for one that was built with Small.
func (f *Filter) FalsePositives() float64 { return 1 / float64(uint64(1)<<(8*f.width)) }

// Contains reports whether a password, in UTF-8, is in the list; see
// [Filter.FalsePositives] for how often a yes is wrong. A no is never wrong. An
// error means that it is not known.
func (f *Filter) Contains(password string) (bool, error) {
	return f.ContainsSHA1(sha1.Sum([]byte(password)))
}

// ContainsSHA1 is [Filter.Contains] for the SHA-1 hash of a password.
func (f *Filter) ContainsSHA1(digest [sha1.Size]byte) (bool, error) {
	s := &f.table[digest[0]]
	if s.entries == 0 {
		return false, nil
	}
	at, sum := s.probe(keyOf(&digest))
	var one [2]byte
	for _, i := range at {
		if err := f.readAt(one[:f.width], s.offset+int64(i)*int64(f.width)); err != nil {
			return false, err
		}
		sum ^= uint64(one[0]) | uint64(one[1])<<8
	}
	return sum&(1<<(8*f.width)-1) == 0, nil
}

// readAt fills the buffer. The end of a file that became shorter is no ordinary
// end.
func (f *Filter) readAt(b []byte, offset int64) error {
	_, err := f.file.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("pwned: read the filter: %w", err)
	}
	return nil
}

// castagnoli is the CRC that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Verify reads the whole file and compares its checksums. They tell of accidents
// on the way or on the disk, not of somebody who makes a file on purpose.
func (f *Filter) Verify(ctx context.Context) error {
	buffer := make([]byte, 1<<20)
	for i := range f.table {
		s := &f.table[i]
		crc := uint32(0)
		rest, offset := int64(s.size())*int64(f.width), s.offset
		for rest > 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("pwned: verify: %w", err)
			}
			piece := buffer[:min(rest, int64(len(buffer)))]
			if err := f.readAt(piece, offset); err != nil {
				return err
			}
			crc = crc32.Update(crc, castagnoli, piece)
			offset += int64(len(piece))
			rest -= int64(len(piece))
		}
		if crc != s.checksum {
			return fmt.Errorf("pwned: verify: %w", errDamaged)
		}
	}
	return nil
}
