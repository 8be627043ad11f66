//go:build race

package pwned_test

// n is how many entries TestMillion has. The race detector makes it slow.
const n = 100_000
