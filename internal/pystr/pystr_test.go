package pystr

import (
	"strings"
	"testing"
)

func TestStrip(t *testing.T) {
	const blanks = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006" +
		"\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
	for _, r := range blanks {
		if !IsSpace(r) {
			t.Errorf("IsSpace(%U) is false", r)
		}
	}
	for r := rune(0); r <= 0x10FFFF; r++ {
		if IsSpace(r) != strings.ContainsRune(blanks, r) && !(0xD800 <= r && r <= 0xDFFF) && r != 0xFFFD {
			t.Errorf("IsSpace(%U) is %v", r, IsSpace(r))
		}
	}
	for _, inner := range []string{"", "a", "é b", "\u200b", "\ufeff", "\x00", "\xff", "\xc2"} {
		if got := Strip(blanks + inner + blanks); got != inner {
			t.Errorf("Strip of blanks, %q, blanks = %q", inner, got)
		}
	}
}

func TestDecodeReplace(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"aé☃😀":                     "aé☃😀",
		"a\xff":                    "a\ufffd",
		"\xe2\x98":                 "\ufffd",
		"\xe2\x98a":                "\ufffda",
		"\xe2\x98\xe2\x98\x83":     "\ufffd☃",
		"\xf0\x9f\x98":             "\ufffd",
		"\xf0\x9f\x98\xf0":         "\ufffd\ufffd",
		"\xed\xa0\xbd":             "\ufffd\ufffd\ufffd", // a surrogate
		"\xe0\x80\x80":             "\ufffd\ufffd\ufffd", // overlong
		"\xf4\x90\x80\x80":         "\ufffd\ufffd\ufffd\ufffd",
		"\xf0\x80\x80\x80":         "\ufffd\ufffd\ufffd\ufffd",
		"\xc0\xaf\xf5\x80\xc2\xc2": "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd",
		"\ufffd":                   "\ufffd",
	} {
		if got := DecodeReplace(in); got != want {
			t.Errorf("DecodeReplace(%q) = %q, want %q", in, got, want)
		}
	}
}
