// Package pyjson reads and writes JSON text exactly as Python's json module does, which is
// what Django signs and stores. It is on floor 0, the pure tools.
//
// Values stay text. A value that was read is kept in the spelling that it had
// (1.50 stays 1.50, a big integer keeps its digits, NaN stays NaN), so a value
// that this program does not understand survives a round trip untouched. What
// is written is always ASCII, without spaces, as
// json.dumps(value, separators=(",", ":")) writes it.
package pyjson
