//go:build !purego

package pbkdf2

import "golang.org/x/sys/cpu"

// available reports whether the processor has the instructions of the assembly.
func available() bool { return cpu.ARM64.HasSHA2 }

// order is that of SHA-256.
var order = [8]int{0, 1, 2, 3, 4, 5, 6, 7}

//go:noescape
func iterate1(a *lane, n int)

//go:noescape
func iterate2(a, b *lane, n int)
