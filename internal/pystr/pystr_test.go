package pystr

import (
	"strings"
	"testing"
	"unicode/utf8"
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

func TestFullMappings(t *testing.T) {
	for in, want := range map[string][2]string{ // lower, casefold
		"İstanbul":         {"i\u0307stanbul", "i\u0307stanbul"},
		"ΑΣ ΑΣ' ΑΣ'Α Σ Σα": {"ας ας' ασ'α σ σα", "ασ ασ' ασ'α σ σα"},
		"ΑΣ\u0301.":        {"ας\u0301.", "ασ\u0301."},
		"Straße ẞ":         {"straße ß", "strasse ss"},
		"ꭰᎠᏰᏸ":             {"ꭰꭰᏸᏸ", "ᎠᎠᏰᏰ"},
		"ᾼᾳᾈ":              {"ᾳᾳᾀ", "αιαιἀι"},
		"A\xff\ufffdB":     {"a\xff\ufffdb", "a\xff\ufffdb"},
		"AbC":              {"abc", "abc"},
	} {
		if got := Lower(in); got != want[0] {
			t.Errorf("Lower(%q) = %q, want %q", in, got, want[0])
		}
		if got := Casefold(in); got != want[1] {
			t.Errorf("Casefold(%q) = %q, want %q", in, got, want[1])
		}
	}
}

func TestNFKC(t *testing.T) {
	acutes, below := strings.Repeat("\u0301", 40), strings.Repeat("\u0323", 40)
	for in, want := range map[string]string{
		"ﬁ ½ ﷲ":              "fi 1⁄2 الله",
		"각\u1100\u1161":      "각가",
		"\xff":               "\ufffd",
		"a" + acutes:         "á" + acutes[2:],
		"a" + acutes + below: "ạ" + below[2:] + acutes,
		"\u034fe" + acutes:   "\u034fé" + acutes[2:],
		acutes + "각":        acutes + "각",
	} {
		if got := NFKC(in); got != want {
			t.Errorf("NFKC(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

// FuzzStr: every function is linear, never panics, returns the same again, and
// leaves UTF-8 where it got it.
func FuzzStr(f *testing.F) {
	f.Add("ΑΣ' İß ﬁ")
	f.Add("\xff\u0301\u0323\u034f각")
	f.Fuzz(func(t *testing.T, s string) {
		for name, fn := range map[string]func(string) string{
			"Strip": Strip, "Lower": Lower, "Casefold": Casefold, "NFKC": NFKC, "DecodeReplace": DecodeReplace,
		} {
			once := fn(s)
			if again := fn(once); again != once && name != "Lower" && name != "Casefold" {
				t.Errorf("%s(%+q) = %+q, and of this %+q", name, s, once, again)
			}
			if utf8.ValidString(s) && !utf8.ValidString(once) {
				t.Errorf("%s(%+q) = %+q is not UTF-8", name, s, once)
			}
		}
		if folded := Casefold(NFKC(s)); folded != Casefold(folded) {
			t.Errorf("folding %+q again makes another text of %+q", s, folded)
		}
		if valid := DecodeReplace(s); longNFKC(valid) != NFKC(valid) {
			t.Errorf("the two ways to NFKC of %+q: %+q and %+q", valid, longNFKC(valid), NFKC(valid))
		}
	})
}
