package pwned

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Config specifies what [Build] builds.
type Config struct {
	// In is the list, as it is or compressed by gzip; required. Each line is a
	// SHA-1 hash in 40 hexadecimal digits, large or small, alone or followed by a
	// colon and a count. Order does not matter, and empty lines are passed over.
	In io.Reader
	// Out is the file to make, or to replace, in one step when all is done;
	// required. Temporary files are made beside it.
	Out string
	// Plain means that each line is a password instead of a hash.
	Plain bool
	// MinCount leaves out hashes that were seen less often; 0 takes all. Lines
	// need a count then.
	MinCount int64
	// Small builds a file of half the size which refuses 3,906 of a million other
	// passwords for leaked ones, instead of 15.
	Small bool
	// Progress, if it is not nil, hears how far the work is. While Reading, done
	// are bytes of In, and total is Size; while Building, both are parts of the
	// filter. It is called often, and Build waits for it.
	Progress func(stage Stage, done, total int64)
	// Size is how many bytes In has, for Progress; 0 where that is not known.
	Size int64
}

// Stage is one of the two halves of the work.
type Stage int

const (
	// Reading is reading the list.
	Reading Stage = iota
	// Building is making the filter of it.
	Building
)

// String is "reading" or "building".
func (s Stage) String() string {
	if s == Reading {
		return "reading"
	}
	return "building"
}

// Stats tell what [Build] did.
type Stats struct {
	Lines   int64 // that were read, without empty ones
	Rare    int64 // of these, those with a count below MinCount
	Entries int64 // in the filter, each once
	Bytes   int64 // of the file
}

// ErrEmpty is that a list has nothing in it, or nothing that was seen MinCount
// times. A filter of it would take every password.
var ErrEmpty = errors.New("the list has no entries")

func (c *Config) check() error {
	switch {
	case c.In == nil:
		return errors.New("Config.In is nil; give the list to read")
	case c.Out == "":
		return errors.New("Config.Out is empty; name the file to make")
	case c.MinCount < 0:
		return fmt.Errorf("Config.MinCount is %d; it must be positive, or 0 for all", c.MinCount)
	case c.Plain && c.MinCount > 0:
		return errors.New("Config.MinCount needs counts, which a list of passwords has not; leave it or Plain out")
	}
	if info, err := os.Stat(c.Out); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is there and is no file", c.Out)
	}
	return nil
}

// Build writes the file of a filter. It needs about 15 MiB of memory and 34 bytes
// more for each entry of the largest of 256 parts, and while it works a disk with
// 8 bytes for each line besides the file itself, which has 2.25 to 2.7 bytes for
// each entry of a long list, or half of that with Small. When the context ends, or anything
// fails, no file is left behind. A Read of In that hangs at that time is not
// waited for. The same list makes the same file.
//
// An error is a [*LineError] where a line makes no sense, and [ErrEmpty] where
// there is none.
func Build(ctx context.Context, c Config) (Stats, error) {
	err := c.check()
	if err != nil {
		return Stats{}, fmt.Errorf("pwned: build: %w", err)
	}
	if c.Progress == nil {
		c.Progress = func(Stage, int64, int64) {}
	}
	var stats Stats
	err = create(c.Out, func(file *os.File) error {
		stats, err = c.build(ctx, file)
		return err
	})
	if err != nil {
		return Stats{}, fmt.Errorf("pwned: build: %w", err)
	}
	return stats, nil
}

func (c *Config) build(ctx context.Context, file *os.File) (stats Stats, err error) {
	sorted := &spill{dir: filepath.Dir(c.Out)}
	defer func() { err = errors.Join(err, sorted.remove()) }()
	if stats, err = c.read(ctx, sorted); err != nil {
		return stats, err
	}
	if stats.Lines == stats.Rare {
		return stats, ErrEmpty
	}
	w := &writer{file: file, end: headerSize}
	w.width = 2
	if c.Small {
		w.width = 1
	}
	if err := w.write(ctx, sorted, c.Progress); err != nil {
		return stats, err
	}
	stats.Entries, stats.Bytes = w.entries, w.end
	return stats, nil
}

// read sorts the list into shards.
func (c *Config) read(ctx context.Context, into *spill) (Stats, error) {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var done int64
	in := readAhead(reading, c.In, func(n int) {
		done += int64(n)
		c.Progress(Reading, done, c.Size)
	})
	list, err := newLines(in, c.Plain, c.MinCount)
	if err != nil {
		return Stats{}, err
	}
	for {
		digest, err := list.next()
		if errors.Is(err, io.EOF) {
			return Stats{Lines: list.read, Rare: list.rare}, nil
		}
		if err == nil {
			err = into.add(digest[0], keyOf(&digest))
		}
		if err != nil {
			return Stats{}, err
		}
	}
}

// temporaryName is that of files that are being written.
const temporaryName = ".pwned-*"

// create creates or replaces a file in one step, readable by everybody.
func create(path string, write func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), temporaryName)
	if err != nil {
		return err
	}
	if err = write(file); err == nil {
		err = errors.Join(file.Chmod(0o644), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder persists the new name. Windows does it by itself.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
