package pbkdf2

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"slices"
	"testing"
	"time"
)

// iterations of each operation of a benchmark.
const iterations = 20_000

// perIteration reports the time of an iteration of one derivation.
func perIteration(b *testing.B, derivations int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/iterations/float64(derivations), "ns/iteration")
}

// BenchmarkFloor is two compressions of SHA-256 by the standard library, the least that an
// iteration could take if nothing else were to do.
func BenchmarkFloor(b *testing.B) {
	data := make([]byte, iterations*2*sha256.BlockSize)
	for b.Loop() {
		sha256.Sum256(data)
	}
	perIteration(b, 1)
}

func BenchmarkStandardLibrary(b *testing.B) {
	for b.Loop() {
		if _, err := pbkdf2.Key(sha256.New, "password", []byte("salt of 16 bytes"), iterations, 32); err != nil {
			b.Fatal(err)
		}
	}
	perIteration(b, 1)
}

func BenchmarkOneLane(b *testing.B) {
	needAssembly(b)
	for b.Loop() {
		if _, err := Key("password", []byte("salt of 16 bytes"), iterations, 32); err != nil {
			b.Fatal(err)
		}
	}
	perIteration(b, 1)
}

func BenchmarkTwoLanes(b *testing.B) {
	needAssembly(b)
	for b.Loop() {
		x := New("password", []byte("salt of 16 bytes"), iterations, 32)
		y := New("another one", []byte("16 bytes of salt"), iterations, 32)
		for !x.Done() || !y.Done() {
			Step(x, y, MaxStep)
		}
	}
	perIteration(b, 2)
}

// needAssembly skips where the standard library computes.
func needAssembly(tb testing.TB) {
	tb.Helper()
	if !Accelerated() {
		tb.Skip("this processor has no assembly, or FIPS mode is on")
	}
}

// BenchmarkPaired runs all of them in turn, each for less than a millisecond, and compares
// the shortest times, which other programs on the machine disturb least. It reports how many
// floors an iteration of one derivation takes.
func BenchmarkPaired(b *testing.B) {
	needAssembly(b)
	const n = 2000
	data := make([]byte, n*2*sha256.BlockSize)
	x, err := newLane("password", []byte("salt of 16 bytes"), 1)
	if err != nil {
		b.Fatal(err)
	}
	y := x
	runs := []func(){
		func() { sha256.Sum256(data) },
		func() { iterate1(&x, n) },
		func() { iterate2(&x, &y, n) },
		func() { _, _ = pbkdf2.Key(sha256.New, "password", []byte("salt of 16 bytes"), n, 32) },
	}
	best := slices.Repeat([]time.Duration{time.Hour}, len(runs))
	for b.Loop() {
		for i, run := range runs {
			start := time.Now()
			run()
			best[i] = min(best[i], time.Since(start))
		}
	}
	floor := float64(best[0])
	b.ReportMetric(floor/n, "floor-ns")
	b.ReportMetric(float64(best[1])/floor, "one-lane/floor")
	b.ReportMetric(float64(best[2])/2/floor, "two-lanes/floor")
	b.ReportMetric(float64(best[3])/floor, "stdlib/floor")
}
