package signing

import (
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"sync"
)

// SaltedHMAC is Django's salted_hmac: HMAC(key = H(keySalt || secret), value).
// Nothing separates salt and secret, as in Django, so keep salts constant.
// Where one salt and secret serve many values, a [MAC] derives the key once.
func SaltedHMAC(newHash func() hash.Hash, keySalt, value, secret string) []byte {
	return NewMAC(newHash, keySalt, secret).Sum(nil, value)
}

// MAC is salted_hmac with the key derived already. It is safe for concurrent
// use and never prints its key.
type MAC struct {
	pool sync.Pool // of *macState
}

// macState is a keyed hash with the buffers of a call, which would escape to the heap.
type macState struct {
	hash.Hash
	in  []byte
	sum [64]byte
}

// NewMAC derives the key H(keySalt || secret).
func NewMAC(newHash func() hash.Hash, keySalt, secret string) *MAC {
	h := newHash()
	h.Write([]byte(keySalt))
	h.Write([]byte(secret))
	key := h.Sum(nil)
	m := &MAC{}
	m.pool.New = func() any { return &macState{Hash: hmac.New(newHash, key)} }
	return m
}

// maxKept is the size from which on a buffer is not kept for the next call.
const maxKept = 64 << 10

// of computes the MAC of value into state.sum.
func (state *macState) of(value string) []byte {
	state.Reset()
	state.in = append(state.in[:0], value...)
	state.Write(state.in)
	if cap(state.in) > maxKept {
		state.in = nil
	}
	return state.Hash.Sum(state.sum[:0])
}

// Sum appends the MAC of value to dst.
func (m *MAC) Sum(dst []byte, value string) []byte {
	state := m.pool.Get().(*macState)
	defer m.pool.Put(state)
	return append(dst, state.of(value)...)
}

// Hex returns the MAC of value as lower-case hexadecimal digits.
func (m *MAC) Hex(value string) string {
	state := m.pool.Get().(*macState)
	defer m.pool.Put(state)
	var digits [2 * len(state.sum)]byte
	return string(hex.AppendEncode(digits[:0], state.of(value)))
}

// String hides the key.
func (m *MAC) String() string { return "signing.MAC{…}" }

// GoString hides the key.
func (m *MAC) GoString() string { return m.String() }
