package sessions

import (
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/internal/pickle"
)

// PickleProtocol is what Django's own caches write; django-redis writes 4.
const PickleProtocol = 5

// Pickle returns the data as Django's caches keep it: pickle.dumps of the dict, in
// protocol 4 or 5. The error is ErrTooLarge.
func (d Data) Pickle(protocol int) (string, error) {
	text, err := pickle.Encode(d.members, protocol)
	if errors.Is(err, pickle.ErrLimit) {
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return text, err
}

// ParsePickle reads what Pickle or Python wrote. Where the dict holds what JSON
// cannot say, a tuple or an object for instance, those items are left out and
// readOnly says so, for Record.ReadOnly. No class is looked up and nothing is
// called, whatever the pickle names. The pickle of None, which to Django's caches
// is a key that is not there, returns ErrNotFound; every other error means that
// the text is corrupt.
func ParsePickle(text string) (d Data, readOnly, err error) {
	members, readOnly, err := pickle.Decode(text)
	if errors.Is(err, pickle.ErrNone) {
		return Data{}, nil, ErrNotFound
	}
	return Data{members}, readOnly, err
}
