package attempts_test

import (
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth/attempts"
)

func FuzzParseDevices(f *testing.F) {
	part := strings.Repeat("A", 64)
	for _, seed := range []string{"", ".", part, part + ".", part + "." + part, strings.Repeat(part+".", 5), strings.Repeat(part+".", 4) + part, part[:63] + "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written, count := attempts.ParseDevices(text)
		if count > 5 || count > 0 && written != text || count == 0 && written != "" {
			t.Errorf("%q is read as %q, %d devices", text, written, count)
		}
	})
}
