package pbkdf2

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
)

// A lane is one block of a derivation: 32 bytes of the key. The assembly knows its layout.
// The words of each state are in the order that the instructions want.
type lane struct {
	inner, outer state // of HMAC, after the block that has the password
	last         state // the last digest
	sum          state // of all digests, by XOR
}

// A state is that of SHA-256, or a digest.
type state [8]uint32

// parse reads a state of big-endian words.
func parse(b []byte) (s state) {
	for i, at := range order {
		s[at] = binary.BigEndian.Uint32(b[4*i:])
	}
	return s
}

// append appends the state as big-endian words.
func (s *state) append(b []byte) []byte {
	for _, at := range order {
		b = binary.BigEndian.AppendUint32(b, s[at])
	}
	return b
}

// magic begins the state of a SHA-256 that marshals itself.
const magic = "sha\x03"

// absorb returns the state of SHA-256 after the block key XOR pad.
func absorb(key *[sha256.BlockSize]byte, pad byte) (state, error) {
	h := sha256.New()
	block := *key
	for i := range block {
		block[i] ^= pad
	}
	h.Write(block[:])
	text, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return state{}, err
	}
	if len(text) < len(magic)+sha256.Size || string(text[:len(magic)]) != magic {
		return state{}, errors.New("pbkdf2: crypto/sha256 marshals its state in an unknown form")
	}
	return parse(text[len(magic):]), nil
}

// newLane returns the lane of block number index, which begins with 1, after its first iteration.
func newLane(password string, salt []byte, index uint32) (l lane, err error) {
	var key [sha256.BlockSize]byte
	if len(password) > len(key) {
		short := sha256.Sum256([]byte(password))
		copy(key[:], short[:])
	} else {
		copy(key[:], password)
	}
	if l.inner, err = absorb(&key, 0x36); err != nil {
		return lane{}, err
	}
	if l.outer, err = absorb(&key, 0x5c); err != nil {
		return lane{}, err
	}
	h := hmac.New(sha256.New, []byte(password))
	h.Write(salt)
	h.Write(binary.BigEndian.AppendUint32(nil, index))
	l.last = parse(h.Sum(nil))
	l.sum = l.last
	return l, nil
}
