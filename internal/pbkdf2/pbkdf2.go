package pbkdf2

import (
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/sha256"
	"errors"
	"math"
)

// MaxStep is the largest number of iterations that one call of the assembly computes. It
// is about 0.1 ms, for which the Go scheduler and the garbage collector have to wait.
const MaxStep = 512

// A Derivation is a key that is being derived. It is for one goroutine at a time.
type Derivation struct {
	password   string
	salt       []byte
	iterations int
	length     int    // of the key
	key        []byte // as far as it is derived
	lane       lane   // of the next block, if left > 0 or it is complete
	left       int    // iterations of the lane
	plain      bool   // the standard library derives the key
	err        error
}

// New begins a derivation. Nothing is computed but the first iteration; errors are those
// of [Derivation.Key]. The salt must not change until the end.
func New(password string, salt []byte, iterations, length int) *Derivation {
	d := &Derivation{password: password, salt: salt, iterations: max(iterations, 1), length: length}
	switch blocks := (int64(length) + sha256.Size - 1) / sha256.Size; {
	case length <= 0 || blocks > math.MaxUint32 || length+sha256.Size < length:
		d.err = errors.New("pbkdf2: the length of the key is out of range")
	case !Accelerated():
		d.plain = true
	default:
		d.key = make([]byte, 0, blocks*sha256.Size)
		d.begin()
	}
	return d
}

// Accelerated reports whether the instructions of the processor compute, so that two
// derivations in one [Step] take less time than one after the other.
func Accelerated() bool { return !fips140.Enabled() && SelfTest() == nil && available() }

// begin begins the next block.
func (d *Derivation) begin() {
	if d.lane, d.err = newLane(d.password, d.salt, uint32(len(d.key)/sha256.Size+1)); d.err != nil {
		d.plain, d.err = true, nil
		return
	}
	d.left = d.iterations - 1
	d.settle()
}

// settle appends a block that is complete, and begins the next one.
func (d *Derivation) settle() {
	if d.left > 0 {
		return
	}
	d.key = d.lane.sum.append(d.key)
	d.lane = lane{}
	if len(d.key) < d.length {
		d.begin()
	}
}

// Done reports whether the key is derived.
func (d *Derivation) Done() bool { return d.err != nil || !d.plain && len(d.key) >= d.length }

// Key returns the key, when the derivation is done. It fails where crypto/pbkdf2 does: the
// length is not positive or too large, or FIPS mode refuses the parameters.
func (d *Derivation) Key() ([]byte, error) {
	if !d.Done() {
		return nil, errors.New("pbkdf2: the derivation is not complete")
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.key[:d.length], nil
}

// Step computes at most n iterations, and not more than [MaxStep], of each derivation. Two of
// them at once take less time than one after the other. Either may be nil or done. Where the
// standard library computes, a step is the whole key.
func Step(a, b *Derivation, n int) {
	a, b = a.running(), b.running()
	n = min(n, MaxStep)
	switch {
	case a != nil && b != nil:
		n = min(n, a.left, b.left)
		iterate2(&a.lane, &b.lane, n)
		a.advance(n)
		b.advance(n)
	case b != nil:
		b.alone(n)
	case a != nil:
		a.alone(n)
	}
}

// running returns d if it has iterations of a lane to do. What the standard library derives,
// it derives whole.
func (d *Derivation) running() *Derivation {
	if d == nil || d.Done() {
		return nil
	}
	if d.plain {
		d.key, d.err = pbkdf2.Key(sha256.New, d.password, d.salt, d.iterations, d.length)
		d.plain = false
		return nil
	}
	return d
}

func (d *Derivation) alone(n int) {
	n = min(n, d.left)
	iterate1(&d.lane, n)
	d.advance(n)
}

func (d *Derivation) advance(n int) {
	d.left -= n
	d.settle()
}

// Key derives a key of that length, as Key of crypto/pbkdf2 does with SHA-256.
func Key(password string, salt []byte, iterations, length int) ([]byte, error) {
	d := New(password, salt, iterations, length)
	for !d.Done() {
		Step(d, nil, MaxStep)
	}
	return d.Key()
}
