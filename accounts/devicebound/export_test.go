package devicebound

import (
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/pages"
)

// NewAt is New with a clock.
func NewAt(o Options, now func() time.Time) func(*pages.Kit, *accounts.Service) (pages.Feature, error) {
	return func(k *pages.Kit, a *accounts.Service) (pages.Feature, error) {
		made, err := New(o)(k, a)
		if f, ok := made.(*Feature); ok {
			f.now = now
		}
		return made, err
	}
}

// ReadProof is readProof, for fuzzing.
func ReadProof(value, algorithm, key string) (challenge string, err error) {
	var known *publicKey
	if key != "" {
		if known, _, err = readKey(algorithm, []byte(key)); err != nil {
			return "", err
		}
	}
	p, err := readProof(value, algorithm, known)
	return p.challenge, err
}
