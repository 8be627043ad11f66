package pwned_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/coatcheck/coatcheck/password/pwned"
)

// generated is a list of arbitrary hashes, in no order, without keeping it.
type generated struct {
	random *rand.ChaCha8
	parts  int // the first bytes are so many
	left   int
	rest   []byte
}

func (g *generated) Read(b []byte) (int, error) {
	if len(g.rest) == 0 {
		if g.left == 0 {
			return 0, io.EOF
		}
		n := min(g.left, 10_000)
		g.left -= n
		g.rest = g.rest[:0]
		for range n {
			var digest [24]byte
			for i := 0; i < len(digest); i += 8 {
				binary.LittleEndian.PutUint64(digest[i:], g.random.Uint64())
			}
			digest[0] = byte(int(digest[0]) % g.parts)
			g.rest = append(hex.AppendEncode(g.rest, digest[:20]), ":12\r\n"...)
		}
	}
	n := copy(b, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// BenchmarkBuild builds from as many lines as it is told by -benchtime 20000000x.
// With all of them in 4 of the 256 parts, 16 million lines make parts as large as
// those of a list of a thousand million.
func BenchmarkBuild(b *testing.B) {
	for _, parts := range []int{256, 4} {
		for _, small := range []bool{false, true} {
			bits := 16
			if small {
				bits = 8
			}
			b.Run(strconv.Itoa(parts)+" parts, "+strconv.Itoa(bits)+" bits", func(b *testing.B) {
				stats, err := pwned.Build(b.Context(), pwned.Config{
					In:  &generated{random: rand.NewChaCha8([32]byte{9}), parts: parts, left: b.N},
					Out: filepath.Join(b.TempDir(), "filter"), Small: small,
				})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(stats.Bytes)/float64(stats.Entries), "B/entry")
				reportPeak(b)
			})
		}
	}
}

// reportPeak reports the most memory that this process had so far, where Linux
// tells.
func reportPeak(b *testing.B) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	if kib, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil {
		b.ReportMetric(float64(kib)/1024, "MiB-peak")
	}
}

func BenchmarkContains(b *testing.B) {
	all := digests(10, 100_000)
	filter, _ := build(b, pwned.Config{In: bytes.NewReader(dump(all))})
	for i := 0; b.Loop(); i++ {
		if _, err := filter.ContainsSHA1(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
