package twofactor

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestAllauthRecoveryCodes: the codes of a seed are those that RecoveryCodes.generate_codes of allauth
// computes.
func TestAllauthRecoveryCodes(t *testing.T) {
	want := []string{"12743289", "07937236", "76257198", "09081085", "53819859", "85087360", "41824731", "40853300", "72334556", "78085719"}
	if got := allauthRecoveryCodes("030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d14"); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// FuzzAllauth: data of allauth, whatever it is, gives a secret that can be used or none; a recovery code
// that is used is left no more, and no other one is used by it.
func FuzzAllauth(f *testing.F) {
	for _, seed := range []string{
		`{"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}`, `{"secret": "jbsw y3dp"}`, `{"seed": "00ff", "used_mask": 1023}`,
		`{"seed": "00ff", "used_mask": -1}`, `{"seed": "00ff", "used_mask": 1e99}`, `{"migrated_codes": ["abcd-2345", ""]}`,
		`{"migrated_codes": null, "seed": "x"}`, `[]`, `null`, `{"seed": 1}`, strings.Repeat("[", 20000),
	} {
		f.Add(seed, "abcd2345")
		f.Add(seed, "12743289")
	}
	f.Fuzz(func(t *testing.T, data, text string) {
		if secret := allauthSecret(data); strings.ContainsAny(secret, "=\x00 ") || secret != "" && len(secret) < 16 {
			t.Errorf("%q: the secret %q", data, secret)
		}
		typed, ok := Parse(text)
		if !ok {
			return
		}
		_, before := readAllauthRecovery(data)
		after, used := allauthUsed(data, typed)
		if !used {
			return
		}
		_, left := readAllauthRecovery(after)
		if !json.Valid([]byte(after)) || len(left) < len(before)-1 || len(left) > len(before) {
			t.Errorf("%q, %q: %d codes became %d: %s", data, text, len(before), len(left), after)
		}
	})
}
