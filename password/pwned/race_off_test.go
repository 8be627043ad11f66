//go:build !race

package pwned_test

// n is how many entries TestMillion has.
const n = 1_000_000
