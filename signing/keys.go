package signing

import (
	"errors"
	"log/slog"
	"slices"
)

// Keys are the secret keys of a site, for all that it signs. They do not print.
type Keys struct {
	// Secret signs and verifies. Django: SECRET_KEY.
	Secret string `json:"-"`
	// Fallbacks are former keys that still verify, so that a change of key signs nobody
	// out. Django: SECRET_KEY_FALLBACKS.
	Fallbacks []string `json:"-"`
	// AcceptSHA1 also verifies what Django 3.1 and older signed, and Django 3.2 with
	// DEFAULT_HASHING_ALGORITHM = 'sha1'.
	AcceptSHA1 bool
}

// All are the keys, the one that signs first.
func (k Keys) All() []string { return append([]string{k.Secret}, k.Fallbacks...) }

// Check returns an error that names a key that is missing or empty. The error begins
// with Keys, for the caller to put the name of its settings in front.
func (k Keys) Check() error {
	switch {
	case k.Secret == "":
		return errors.New("Keys.Secret is missing (Django: SECRET_KEY)")
	case slices.Contains(k.Fallbacks, ""):
		return errors.New("Keys.Fallbacks has an empty key; remove it")
	}
	return nil
}

// String hides the keys.
func (k Keys) String() string { return "signing.Keys{…}" }

// GoString hides the keys.
func (k Keys) GoString() string { return k.String() }

// LogValue hides the keys.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }
