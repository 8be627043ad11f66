package sessions

import (
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// Data is what a session holds: an ordered object whose values are JSON text in
// Python's spelling. Values that were read are kept to the letter. The zero
// Data is empty. It never prints its values.
type Data struct {
	members []pyjson.Member
}

// ParseData reads a JSON object as Python's json.loads does. Of a key that
// occurs twice the last value counts.
func ParseData(text string) (Data, error) {
	members, err := pyjson.ParseObject(text)
	return Data{members}, err
}

// JSON returns the text that Django would sign: ASCII, without spaces, keys in
// order.
func (d Data) JSON() string {
	size := 2
	for _, m := range d.members {
		size += len(m.Key) + len(m.Value) + 4
	}
	return string(pyjson.AppendObject(make([]byte, 0, size), d.members))
}

// Len is the number of keys.
func (d Data) Len() int { return len(d.members) }

// Get returns the JSON text stored under key.
func (d Data) Get(key string) (text string, ok bool) {
	if i := d.index(key); i >= 0 {
		return d.members[i].Value, true
	}
	return "", false
}

// Text returns the string stored under key; ok is false where there is none
// or a value of another kind.
func (d Data) Text(key string) (text string, ok bool) {
	raw, ok := d.Get(key)
	if !ok {
		return "", false
	}
	return pyjson.Unquote(raw)
}

// Set stores JSON text under key; a new key goes to the end. The text must be
// one JSON value.
func (d *Data) Set(key, text string) error {
	text, err := pyjson.Parse(text)
	if err != nil {
		return err
	}
	d.set(key, text)
	return nil
}

func (d *Data) set(key, canonical string) {
	if i := d.index(key); i >= 0 {
		d.members[i].Value = canonical
		return
	}
	d.members = append(d.members, pyjson.Member{Key: key, Value: canonical})
}

// Delete removes key and reports whether it was there.
func (d *Data) Delete(key string) bool {
	i := d.index(key)
	if i < 0 {
		return false
	}
	d.members = slices.Delete(d.members, i, i+1)
	return true
}

// All yields keys and their JSON text in order.
func (d Data) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, m := range d.members {
			if !yield(m.Key, m.Value) {
				return
			}
		}
	}
}

// Clone returns a copy that can be changed on its own.
func (d Data) Clone() Data { return Data{slices.Clone(d.members)} }

func (d Data) index(key string) int {
	for i := range d.members {
		if d.members[i].Key == key {
			return i
		}
	}
	return -1
}

// String hides the values.
func (d Data) String() string { return fmt.Sprintf("session data (%d keys)", d.Len()) }

// GoString hides the values.
func (d Data) GoString() string { return d.String() }

// LogValue hides the values.
func (d Data) LogValue() slog.Value { return slog.StringValue(d.String()) }
