package pbkdf2

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"errors"
	"sync"
)

// SelfTest returns an error if the assembly does not compute what the standard library does;
// then the standard library computes. It is run once, at the first use of the package, and
// takes less than a millisecond. It returns nil where there is no assembly for the processor.
var SelfTest = sync.OnceValue(func() error {
	if !available() {
		return nil
	}
	return compare(iterate1, iterate2)
})

// ErrSelfTest is the error of a [SelfTest] that failed.
var ErrSelfTest = errors.New("pbkdf2: the SHA instructions of this processor compute wrong keys")

// compare compares one lane, and two at once, with the standard library.
func compare(one func(*lane, int), two func(a, b *lane, n int)) error {
	const iterations = 100
	passwords := [...]string{"coatcheck", "a password that is longer than a block, which is 64 bytes long"}
	salt := []byte("self-test of pbkdf2")
	var lanes [len(passwords)]lane
	var want [len(passwords)][]byte
	for i, password := range passwords {
		var err error
		if lanes[i], err = newLane(password, salt, 1); err != nil {
			return err
		}
		if want[i], err = pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size); err != nil {
			return err
		}
	}
	alone := lanes
	for i := range alone {
		one(&alone[i], iterations-1)
	}
	two(&lanes[0], &lanes[1], iterations-1)
	for i := range want {
		first, second := alone[i].sum.append(nil), lanes[i].sum.append(nil)
		if !bytes.Equal(first, want[i]) || !bytes.Equal(second, want[i]) {
			return ErrSelfTest
		}
	}
	return nil
}
