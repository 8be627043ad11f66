package sessions

import "fmt"

// Serializer specifies in which form session data is signed, by the engines that keep it in
// rows, files or cookies. Caches have one of their own.
type Serializer string

const (
	// JSONSerializer is Django's default.
	JSONSerializer Serializer = "json"
	// PickleSerializer writes Python pickles, as sites up to Django 4.2 may have it. It
	// reads data alone: no class that a pickle names is looked up, and nothing is called.
	// A session that holds what JSON cannot say is read-only; see Record.ReadOnly.
	PickleSerializer Serializer = "pickle"
)

// rowPickle is the protocol that is written, the newest that every Python of Django 3.2
// reads.
const rowPickle = 4

func (s Serializer) check() error {
	switch s {
	case "", JSONSerializer, PickleSerializer:
		return nil
	}
	return fmt.Errorf("sessions: there is no serializer %q; it must be %q or %q", string(s), JSONSerializer, PickleSerializer)
}
