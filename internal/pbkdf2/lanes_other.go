//go:build (!amd64 && !arm64) || purego

package pbkdf2

// order is that of SHA-256.
var order = [8]int{0, 1, 2, 3, 4, 5, 6, 7}

// available reports that there is no assembly for this processor.
func available() bool { return false }

func iterate1(*lane, int) { panic("pbkdf2: no assembly for this processor") }

func iterate2(*lane, *lane, int) { panic("pbkdf2: no assembly for this processor") }
