package pwned_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/password/pwned"
)

// Of the file, as format.go has it.
const (
	rowsAt     = 24
	rowSize    = 24
	sumAt      = rowsAt + 256*rowSize
	headerSize = sumAt + sha256.Size
)

// sample is the file of a small filter, with entries in three parts.
func sample(t testing.TB, small bool) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "filter")
	all := digests(8, 30)
	for i := range all {
		all[i][0] = byte(127 * (i % 3))
	}
	if _, err := pwned.Build(t.Context(), pwned.Config{In: bytes.NewReader(dump(all)), Out: path, Small: small}); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// seal corrects the sum of the header.
func seal(file []byte) []byte {
	if len(file) >= headerSize {
		sum := sha256.Sum256(file[:sumAt])
		copy(file[sumAt:], sum[:])
	}
	return file
}

// probeAll opens a file, asks it, and looks whether it is whole.
func probeAll(t *testing.T, path string) error {
	t.Helper()
	filter := probeParts(t, path)
	if filter == nil {
		return errors.New("it cannot be opened")
	}
	return filter.Verify(t.Context())
}

// probeParts opens a file and asks each part of it, which gives no error where
// opening gave none. It is nil where opening gave one.
func probeParts(t *testing.T, path string) *pwned.Filter {
	t.Helper()
	filter, err := pwned.Open(path)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { filter.Close() })
	for i := range 256 {
		for _, rest := range []byte{0, 0x7F, 0xFF} {
			digest := [sha1.Size]byte(bytes.Repeat([]byte{rest}, sha1.Size))
			digest[0] = byte(i)
			if _, err := filter.ContainsSHA1(digest); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filter
}

// TestHostile: files that lie are refused when they are opened.
func TestHostile(t *testing.T) {
	good := sample(t, false)
	path := filepath.Join(t.TempDir(), "hostile")
	write := func(file []byte) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(seal(bytes.Clone(good)))
	if err := probeAll(t, path); err != nil {
		t.Fatal(err)
	}
	row := func(field int) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[rowsAt+rowSize+8+4*field:], 1<<31)
			return b
		}
	}
	for name, change := range map[string]func([]byte) []byte{
		"empty":                 func([]byte) []byte { return nil },
		"cut in the header":     func(b []byte) []byte { return b[:headerSize-1] },
		"cut at the end":        func(b []byte) []byte { return b[:len(b)-1] },
		"header alone":          func(b []byte) []byte { return b[:headerSize] },
		"something more":        func(b []byte) []byte { return append(b, 0) },
		"another kind":          func(b []byte) []byte { b[0]++; return b },
		"another version":       func(b []byte) []byte { b[8]++; return b },
		"no width":              func(b []byte) []byte { b[10] = 0; return b },
		"a wide width":          func(b []byte) []byte { b[10] = 4; return b },
		"more shards":           func(b []byte) []byte { b[13] = 2; return b },
		"more entries":          func(b []byte) []byte { b[16]++; return b },
		"very many entries":     func(b []byte) []byte { b[23] = 0x80; return b },
		"entries of a part":     row(0),
		"long segments":         row(1),
		"many segments":         row(2),
		"another checksum":      row(3),
		"another fingerprint":   func(b []byte) []byte { b[len(b)-1]++; return b },
		"a segment of three":    func(b []byte) []byte { b[rowsAt+12] = 3; return b },
		"a part without places": func(b []byte) []byte { b[rowsAt+12] = 0; return b },
	} {
		write(seal(change(bytes.Clone(good))))
		if err := probeAll(t, path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for i := 0; i < headerSize; i += 1 + i/32 {
		damaged := bytes.Clone(good)
		damaged[i] ^= 1
		write(damaged)
		if _, err := pwned.Open(path); err == nil {
			t.Fatalf("byte %d of the header is damaged, and nobody sees it", i)
		}
	}
	if _, err := pwned.Open(t.TempDir()); err == nil {
		t.Error("a folder is a filter")
	}
	if _, err := pwned.Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("nothing is a filter")
	}
}

// FuzzOpen creates files of a first piece, one row of the table, and as many
// fingerprints, all zero, as it likes; the sum of the header is right.
func FuzzOpen(f *testing.F) {
	for _, small := range []bool{false, true} {
		file := sample(f, small)
		f.Add(file[:rowsAt], byte(0), file[rowsAt:rowsAt+rowSize], int64(len(file)-headerSize))
		f.Add(file[:rowsAt-1], byte(254), file[rowsAt:rowsAt+rowSize], int64(1)<<33)
	}
	path := filepath.Join(f.TempDir(), "filter")
	f.Fuzz(func(t *testing.T, head []byte, part byte, row []byte, size int64) {
		file := bytes.Clone(head)
		if len(head) == rowsAt {
			file = append(file, make([]byte, headerSize-rowsAt)...)
			copy(file[rowsAt+rowSize*int(part):sumAt], row)
		}
		if err := os.WriteFile(path, seal(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if size = size & (1<<36 - 1); len(head) == rowsAt {
			if err := os.Truncate(path, headerSize+size); err != nil { // a hole, which takes no disk
				t.Fatal(err)
			}
		}
		probeParts(t, path)
	})
}

func FuzzBuild(f *testing.F) {
	f.Add([]byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\n7c4a8d09ca3762af61e59520943dc26494f8941b\n"), false, int64(0))
	f.Add([]byte("123456\npassword"), true, int64(0))
	f.Add([]byte("\x1f\x8b"), true, int64(2))
	path := filepath.Join(f.TempDir(), "filter")
	f.Fuzz(func(t *testing.T, list []byte, plain bool, least int64) {
		_, err := pwned.Build(context.Background(), pwned.Config{In: bytes.NewReader(list), Out: path, Plain: plain, MinCount: least})
		if err != nil {
			return
		}
		if err := probeAll(t, path); err != nil {
			t.Fatal(err)
		}
		filter, err := pwned.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer filter.Close()
		if plain && !bytes.HasPrefix(list, []byte{0x1F, 0x8B}) {
			for line := range strings.Lines(string(list)) {
				line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
				if found, err := filter.Contains(line); line != "" && !found {
					t.Errorf("%q is missing, %v", line, err)
				}
			}
		}
	})
}
