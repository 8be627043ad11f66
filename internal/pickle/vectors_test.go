package pickle

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/internal/vectors"
)

// TestVectors reads what real Djangos put into their caches, and writes it
// again. The kinds about keys, flags and lifetimes are tested where those are
// made, in the sessions' stores.
func TestVectors(t *testing.T) {
	same, other := 0, 0
	for _, v := range vectors.Load(t, "cache_sessions") {
		var raw []byte
		switch v.Kind() {
		case "pickle":
			raw = decode64(t, v, "b64")
		case "redis", "memcached":
			if v.Has("raw_b64") {
				raw = decode64(t, v, "raw_b64")
			}
		default:
			continue
		}
		if raw == nil {
			t.Logf("%v does not apply: Django 3.2 failed to write it", v)
			continue
		}
		var want string
		v.Decode(t, "json", &want)
		got, foreign, err := Decode(string(raw))
		if raw[0] != opProto {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%v: protocol 0 was read: %v", v, err)
			}
			t.Logf("%v does not apply: no cache of Django writes protocol 0, and it is refused", v)
			continue
		}
		if err != nil || foreign != nil || text(got) != want {
			t.Errorf("%v: got %.200s, %v, %v; want %.200s", v, text(got), foreign, err, want)
			continue
		}
		if raw[1] < 4 {
			continue
		}
		members, _ := pyjson.ParseObject(want)
		encoded, err := Encode(members, int(raw[1]))
		if err != nil {
			t.Errorf("%v: %v", v, err)
		}
		if encoded == string(raw) {
			same++
			continue
		}
		if !strings.Contains(string(raw), "h") { // BINGET: Python writes a value once that occurs twice
			t.Errorf("%v: wrote\n%q, want\n%q", v, encoded, raw)
		}
		other++
	}
	t.Logf("%d written to the byte, %d with the values written out that Python wrote once", same, other)
	if same < 100 {
		t.Errorf("only %d were written to the byte", same)
	}
}

func decode64(t *testing.T, v vectors.Record, field string) []byte {
	t.Helper()
	var text string
	v.Decode(t, field, &text)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
