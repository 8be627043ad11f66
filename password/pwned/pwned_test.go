package pwned_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coatcheck/coatcheck/password/pwned"
)

// digests returns arbitrary SHA-1 hashes, the same for the same seed.
func digests(seed byte, n int) [][sha1.Size]byte {
	random := rand.NewChaCha8([32]byte{seed})
	all := make([][sha1.Size]byte, n)
	for i := range all {
		for at := 0; at < sha1.Size; at += 4 {
			binary.LittleEndian.PutUint32(all[i][at:], uint32(random.Uint64()))
		}
	}
	return all
}

// dump writes hashes as the public list has them.
func dump(all [][sha1.Size]byte) []byte {
	b := make([]byte, 0, 44*len(all))
	for i := range all {
		b = hex.AppendEncode(b, all[i][:])
		b = append(b, ':', byte('1'+i%9), '\r', '\n')
	}
	return bytes.ToUpper(b)
}

// build creates a filter, opens it and holds that it is whole.
func build(t testing.TB, c pwned.Config) (*pwned.Filter, pwned.Stats) {
	t.Helper()
	c.Out = filepath.Join(t.TempDir(), "pwned.filter")
	stats, err := pwned.Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := pwned.Open(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { filter.Close() })
	if err := filter.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(c.Out)
	if err != nil || info.Size() != stats.Bytes || info.Mode().Perm() != 0o644 {
		t.Errorf("the file has %d bytes and mode %v, told were %d, %v", info.Size(), info.Mode(), stats.Bytes, err)
	}
	onlyFile(t, c.Out)
	return filter, stats
}

// onlyFile checks that a folder has one file, or none.
func onlyFile(t testing.TB, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != filepath.Base(path) {
			t.Errorf("%s is left behind", f.Name())
		}
	}
}

func contains(t testing.TB, f *pwned.Filter, digest [sha1.Size]byte) bool {
	t.Helper()
	found, err := f.ContainsSHA1(digest)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMillion: of a million entries in no order (fewer with the race detector)
// none is missing, and of others as many are found as the fingerprint says.
func TestMillion(t *testing.T) {
	in, others := digests(1, n), digests(2, n)
	list := dump(in)
	for _, test := range []struct {
		name        string
		small       bool
		asked       int
		least, most int64
		perEntry    float64
	}{
		{"16 bits", false, n, n / 1_000_000, 40, 3.5},                              // 15 of a million
		{"8 bits", true, n / 5, n / 5 * 330 / 100_000, n / 5 * 450 / 100_000, 1.8}, // 391 of 100,000
	} {
		t.Run(test.name, func(t *testing.T) {
			filter, stats := build(t, pwned.Config{In: bytes.NewReader(list), Small: test.small})
			if stats.Lines != n || stats.Entries != n || filter.Entries() != n || float64(stats.Bytes) > test.perEntry*n {
				t.Errorf("%+v, and %d entries", stats, filter.Entries())
			}
			if found := count(t, filter, in[:test.asked]); found != int64(test.asked) {
				t.Errorf("%d of %d entries are found", found, test.asked)
			}
			wrong := count(t, filter, others[:test.asked])
			t.Logf("%d of %d others; %.3f bytes per entry", wrong, test.asked, float64(stats.Bytes)/n)
			if wrong < test.least || wrong > test.most {
				t.Errorf("%d of %d others, want %d to %d", wrong, test.asked, test.least, test.most)
			}
		})
	}
}

// count reports how many of the digests a filter has. Several ask at once.
func count(t *testing.T, filter *pwned.Filter, all [][sha1.Size]byte) int64 {
	t.Helper()
	var found atomic.Int64
	var askers sync.WaitGroup
	for part := range slices.Chunk(all, len(all)/8) {
		askers.Go(func() {
			for _, digest := range part {
				yes, err := filter.ContainsSHA1(digest)
				if err != nil {
					t.Error(err)
					return
				}
				if yes {
					found.Add(1)
				}
			}
		})
	}
	askers.Wait()
	return found.Load()
}

// TestSame: order, case, line ends, counts, duplicates and compression change
// nothing of the file.
func TestSame(t *testing.T) {
	all := digests(3, 5000)
	construct := func(list string) []byte {
		out := filepath.Join(t.TempDir(), "out")
		stats, err := pwned.Build(t.Context(), pwned.Config{In: strings.NewReader(list), Out: out})
		if err != nil || stats.Entries != int64(len(all)) {
			t.Fatal(stats, err)
		}
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	text := string(dump(all))
	want := construct(text)
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	var bare strings.Builder
	for _, digest := range all {
		bare.WriteString(hex.EncodeToString(digest[:]) + "\n\n")
	}
	sorted := strings.SplitAfter(text, "\n")
	slices.Sort(sorted)
	for name, list := range map[string]string{
		"sorted": strings.Join(sorted, ""), "small letters": strings.ToLower(text), "no counts": bare.String(),
		"LF": strings.ReplaceAll(text, "\r", ""), "duplicates": text + text, "gzip": packed.String(),
		"no end of line": strings.TrimSuffix(text, "\r\n"),
	} {
		if !bytes.Equal(construct(list), want) {
			t.Errorf("%s: another file", name)
		}
	}
}

// TestFew: filters of one entry and of few, where most parts are empty or tiny.
func TestFew(t *testing.T) {
	for n := 1; n <= 600; n += 1 + n/4 {
		all := digests(byte(n), n)
		for i := range all {
			all[i][0] = byte(i % 3) // several in one part
		}
		filter, _ := build(t, pwned.Config{In: bytes.NewReader(dump(all))})
		for i, digest := range all {
			if !contains(t, filter, digest) {
				t.Errorf("of %d entries number %d is missing", n, i)
			}
		}
		if contains(t, filter, [sha1.Size]byte{200}) {
			t.Errorf("%d entries: an empty part says yes", n)
		}
	}
}

// TestPlain: a list of passwords, each as it stands.
func TestPlain(t *testing.T) {
	filter, stats := build(t, pwned.Config{In: strings.NewReader("123456\r\n\npass word \nünïcödé\n123456\nlast"), Plain: true})
	if stats.Lines != 5 || stats.Entries != 4 {
		t.Errorf("%+v", stats)
	}
	for word, want := range map[string]bool{
		"123456": true, "pass word ": true, "ünïcödé": true, "last": true,
		"pass word": false, "": false, "123456\r": false, "Last": false,
	} {
		if got, err := filter.Contains(word); got != want || err != nil {
			t.Errorf("%q: %v, %v", word, got, err)
		}
	}
}

// TestMinCount: what was seen less often is left out.
func TestMinCount(t *testing.T) {
	all := digests(4, 900) // with counts from 1 to 9
	filter, stats := build(t, pwned.Config{In: bytes.NewReader(dump(all)), MinCount: 4})
	if stats.Lines != 900 || stats.Rare != 300 || stats.Entries != 600 {
		t.Errorf("%+v", stats)
	}
	for i, digest := range all {
		if got, want := contains(t, filter, digest), i%9+1 >= 4; got != want {
			t.Errorf("a count of %d: %v", i%9+1, got)
		}
	}
}

// TestRefused: what cannot be built says why, with the line but not what is in it,
// and leaves an older file as it was.
func TestRefused(t *testing.T) {
	const good = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\n"
	for _, test := range []struct {
		name   string
		config pwned.Config
		want   string
	}{
		{"empty", pwned.Config{In: strings.NewReader("")}, "the list has no entries"},
		{"blank", pwned.Config{In: strings.NewReader("\r\n\n")}, "the list has no entries"},
		{"rare", pwned.Config{In: strings.NewReader(good), MinCount: 4}, "the list has no entries"},
		{"passwords", pwned.Config{In: strings.NewReader(good + "\nhush-hush\n")}, "line 3: it is not a SHA-1 hash"},
		{"a bad digit", pwned.Config{In: strings.NewReader(good + "G" + good[1:])}, "line 2: it is not a SHA-1 hash"},
		{"NTLM", pwned.Config{In: strings.NewReader(good[:32] + ":4\n")}, "line 1: it is a hash of 32 digits"},
		{"cut short", pwned.Config{In: strings.NewReader(good + good[:30])}, "line 2: it is not"},
		{"no number", pwned.Config{In: strings.NewReader(good[:41] + "\n")}, "line 1: what follows the hash"},
		{"a word for a count", pwned.Config{In: strings.NewReader(good[:41] + "hush\n")}, "line 1: what follows the hash"},
		{"a huge count", pwned.Config{In: strings.NewReader(good[:41] + strings.Repeat("9", 19))}, "line 1: what follows the hash"},
		{"a count is needed", pwned.Config{In: strings.NewReader(good + good[:40]), MinCount: 1}, "line 2: there is no count"},
		{"a long line", pwned.Config{In: strings.NewReader("a\n" + strings.Repeat("a", 1<<20+1)), Plain: true}, "line 2: it is longer"},
		{"broken gzip", pwned.Config{In: strings.NewReader("\x1f\x8bhush")}, "unpack"},
		{"a reader that fails", pwned.Config{In: io.MultiReader(strings.NewReader(good), failing{})}, "the disk is gone"},
		{"nothing to read", pwned.Config{}, "Config.In is nil"},
		{"counts of passwords", pwned.Config{In: strings.NewReader(good), Plain: true, MinCount: 1}, "Config.MinCount needs counts"},
		{"a negative count", pwned.Config{In: strings.NewReader(good), MinCount: -1}, "must be positive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.Out = filepath.Join(t.TempDir(), "old")
			if err := os.WriteFile(test.config.Out, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := pwned.Build(t.Context(), test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v, want %s", err, test.want)
			}
			onlyFile(t, test.config.Out)
			if old, err := os.ReadFile(test.config.Out); string(old) != "old" {
				t.Errorf("the old file is %q, %v", old, err)
			}
		})
	}
	var line *pwned.LineError
	_, err := pwned.Build(t.Context(), pwned.Config{In: strings.NewReader("\n\nx"), Out: filepath.Join(t.TempDir(), "x")})
	if !errors.As(err, &line) || line.Line != 3 {
		t.Errorf("%v is no LineError of line 3", err)
	}
	for _, out := range []string{"", t.TempDir(), filepath.Join(t.TempDir(), "none", "x")} {
		if _, err := pwned.Build(t.Context(), pwned.Config{In: strings.NewReader(good), Out: out}); err == nil {
			t.Errorf("it builds %q", out)
		}
	}
}

// failing is a disk that broke.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// TestCancel: a context that ends, while the input hangs or while the filter is
// built, leaves no file.
func TestCancel(t *testing.T) {
	all := digests(5, 100_000)
	for i := range all {
		all[i][0] &= 1 // so that more comes than stays in memory
	}
	list := dump(all)
	t.Run("reading", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		in, feed := io.Pipe()
		go func() {
			_, _ = feed.Write(list) // and then nothing, nor an end
			files, _ := filepath.Glob(filepath.Join(filepath.Dir(t.TempDir()), "*", ".pwned-*"))
			if len(files) != 2 {
				t.Errorf("while it works there are %q", files)
			}
			cancel()
		}()
		out := filepath.Join(t.TempDir(), "out")
		if _, err := pwned.Build(ctx, pwned.Config{In: in, Out: out}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		onlyFile(t, filepath.Join(filepath.Dir(out), "nothing"))
		in.Close() // which ends the read
	})
	t.Run("building", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := filepath.Join(t.TempDir(), "out")
		last := int64(0)
		_, err := pwned.Build(ctx, pwned.Config{
			In: bytes.NewReader(list), Out: out, Size: int64(len(list)),
			Progress: func(stage pwned.Stage, done, total int64) {
				if stage == pwned.Reading && (done <= last || total != int64(len(list))) {
					t.Errorf("%v %d of %d after %d", stage, done, total, last)
				}
				if stage == pwned.Building {
					if last != int64(len(list)) && done == 1 || total != 256 {
						t.Errorf("%v %d of %d; %d were read", stage, done, total, last)
					}
					if done == 3 {
						cancel()
					}
				}
				last = done
			},
		})
		if !errors.Is(err, context.Canceled) || last != 3 {
			t.Error(err, last)
		}
		onlyFile(t, filepath.Join(filepath.Dir(out), "nothing"))
	})
}

// TestClosed: a filter that is closed returns errors, and no result.
func TestClosed(t *testing.T) {
	all := digests(6, 10)
	filter, _ := build(t, pwned.Config{In: bytes.NewReader(dump(all))})
	if !contains(t, filter, all[9]) {
		t.Error("it is missing")
	}
	if err := filter.Close(); err != nil {
		t.Fatal(err)
	}
	if found, err := filter.ContainsSHA1(all[9]); found || !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v, %v", found, err)
	}
}
