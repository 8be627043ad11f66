//go:build !purego

package pbkdf2

// available reports whether the processor has the instructions of the assembly: SHA, and
// for the words of messages SSSE3 and SSE4.1.
func available() bool {
	const ssse3, sse41, sha = 1 << 9, 1 << 19, 1 << 29
	highest, _, _, _ := cpuid(0, 0)
	if highest < 7 {
		return false
	}
	_, _, basic, _ := cpuid(1, 0)
	_, extended, _, _ := cpuid(7, 0)
	return basic&(ssse3|sse41) == ssse3|sse41 && extended&sha != 0
}

// order is where the words A to H of a state are in a lane: the instructions keep them as
// FEBA and HGDC.
var order = [8]int{3, 2, 7, 6, 1, 0, 5, 4}

//go:noescape
func iterate1(a *lane, n int)

//go:noescape
func iterate2(a, b *lane, n int)

func cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32)
