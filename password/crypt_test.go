package password

import (
	"errors"
	"testing"
)

func TestCrypt(t *testing.T) {
	// The first one is a recorded Django's; the second one is what a C library says.
	for raw, want := range map[string]string{"password": "abJnggxhB/yWI", "pw": "abzlUXK5ed5rs"} {
		if got := desCrypt(raw, "ab"); got != want {
			t.Errorf("desCrypt(%q) = %s, want %s", raw, got, want)
		}
	}
	ok, err := Crypt{}.Verify("passwordIgnored", "crypt$$abJnggxhB/yWI")
	if !ok || err != nil {
		t.Errorf("eight characters count: %v, %v", ok, err)
	}
	ok, err = Crypt{}.Verify("password\x00", "crypt$$abJnggxhB/yWI")
	if ok || err != nil {
		t.Errorf("NUL: %v, %v", ok, err)
	}
	for h, want := range map[Hash]error{
		"crypt$$$6$salt$hash":   ErrUnsupported,
		"crypt$$abJnggxhB/yW":   ErrMalformed,
		"crypt$$abJnggxhB/yWI!": ErrMalformed,
		"crypt$$é!Jnggxhb/yW":   ErrMalformed,
		"crypt$ab$JnggxhB/yWI":  ErrMalformed,
	} {
		if _, err := (Crypt{}).Verify("password", h); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", h.Encoded(), err, want)
		}
	}
}
