//go:build !race

package password

// raceFactor is how much slower the race detector may make things.
const raceFactor = 1
