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
	pool sync.Pool // of hash.Hash, keyed
}

// NewMAC derives the key H(keySalt || secret).
func NewMAC(newHash func() hash.Hash, keySalt, secret string) *MAC {
	h := newHash()
	h.Write([]byte(keySalt))
	h.Write([]byte(secret))
	key := h.Sum(nil)
	m := &MAC{}
	m.pool.New = func() any { return hmac.New(newHash, key) }
	return m
}

// Sum appends the MAC of value to dst.
func (m *MAC) Sum(dst []byte, value string) []byte {
	h := m.pool.Get().(hash.Hash)
	defer m.pool.Put(h)
	h.Reset()
	h.Write([]byte(value))
	return h.Sum(dst)
}

// Hex returns the MAC of value as lower-case hexadecimal digits.
func (m *MAC) Hex(value string) string {
	var sum [64]byte
	return hex.EncodeToString(m.Sum(sum[:0], value))
}

// String hides the key.
func (m *MAC) String() string { return "signing.MAC{…}" }

// GoString hides the key.
func (m *MAC) GoString() string { return m.String() }
