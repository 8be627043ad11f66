package twofactor

import (
	"strings"
	"testing"
)

// TestParse: what users type is read as they mean it.
func TestParse(t *testing.T) {
	const recovery = "0k3m9x2cv7qdh4taw8rn5yje"
	for text, want := range map[string]Typed{
		"123456": {code: "123456"}, " 123 456 ": {code: "123456"}, "123-456": {code: "123456"}, "1234 5678": {code: "12345678"},
		"１２３４５６": {code: "123456"}, "１２３　４５６": {code: "123456"}, "123\u00a0456": {code: "123456"},
		"0k3m-9x2c-v7qd-h4ta-w8rn-5yje": {recovery: recovery}, "OK3M 9X2C V7QD H4TA W8RN 5YJE": {recovery: recovery},
		"0k3m‐9x2c‐v7qd‐h4ta‐w8rn‐5yje": {recovery: recovery}, "ABCDE7": {}, "12345": {},
	} {
		got, ok := Parse(text)
		if want.text = got.text; !ok || got != want || got.text == "" {
			t.Errorf("%q is read as %q %q, %v", text, got.code, got.recovery, ok)
		}
	}
	for _, text := range []string{
		"", " ", "١٢٣٤٥٦", "abc.ef", recovery + "0", recovery[1:], strings.Repeat("u", recoveryLen),
		"123456" + strings.Repeat(" ", maxTyped), "\x00123456", "12345\n6", "\xff",
	} {
		if got, ok := Parse(text); ok || got != (Typed{}) {
			t.Errorf("%q is read as %q %q %q", text, got.code, got.recovery, got.text)
		}
	}
}

// FuzzParse: a code that is read has the characters of one, and is read from itself again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"123456", "123 456", "１２３４５６", "0k3m-9x2c-v7qd-h4ta-w8rn-5yje", "OIL", "\xff", "ﷺ", strings.Repeat("-", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Parse(text)
		if !ok {
			if got != (Typed{}) {
				t.Errorf("%q is refused and read", text)
			}
			return
		}
		if got.text == "" || got.code != "" && got.recovery != "" || len(got.text) > recoveryLen ||
			strings.Trim(got.code, "0123456789") != "" || strings.Trim(got.recovery, recoverySet) != "" {
			t.Errorf("%q is read as %q %q %q", text, got.code, got.recovery, got.text)
		}
		if again, ok := Parse(got.text); !ok || again != got {
			t.Errorf("%q is read as %q %q, and that as %q %q", text, got.code, got.recovery, again.code, again.recovery)
		}
	})
}

// FuzzParseTrusts: the cookie of trusted devices is written as it was read, and bounded.
func FuzzParseTrusts(f *testing.F) {
	part := strings.Repeat("A", trustChars)
	for _, seed := range []string{"", ".", part, part + ".", part + "." + part, strings.Repeat(part+".", 5) + part, part[:trustChars-1] + "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all := parseTrusts(text)
		if len(all) > maxTrusts || len(all) > 0 && printTrusts(all) != text {
			t.Errorf("%q is read as %d and written as %q", text, len(all), printTrusts(all))
		}
	})
}
