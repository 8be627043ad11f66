package pybase64

import (
	"errors"
	"testing"
)

// TestDecode has what Python 3.11 and 3.13 give. The recorded cases are tested
// in signing and auth.
func TestDecode(t *testing.T) {
	for _, test := range []struct {
		text    string
		padding int
		want    string
		err     error
	}{
		{"", 0, "", nil},
		{"!", 1, "", nil},
		{"MQ", 2, "1", nil},
		{"MQ", 1, "", ErrPadding},
		{"M", 1, "", ErrPadding},
		{"MTI", 3, "12", nil},
		{"MT I\n", 3, "12", nil},
		{"M=TI=", 1, "12", nil},
		{"MQ==MQ==", 0, "1", nil},
		{"-_+/", 0, "\xfb\xff\xbf", nil},
		{"MTIz", 0, "123", nil},
	} {
		got, err := Decode(test.text, test.padding)
		if string(got) != test.want || !errors.Is(err, test.err) {
			t.Errorf("Decode(%q, %d) = %q, %v; want %q, %v", test.text, test.padding, got, err, test.want, test.err)
		}
	}
}
