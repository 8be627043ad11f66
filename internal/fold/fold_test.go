package fold_test

import (
	"testing"

	"github.com/coatcheck/coatcheck/internal/fold"
)

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"Alice": "alice", "ＡＬＩＣＥ": "alice", "aliſe": "alise",
		"STRASSE": "strasse", "straße": "strasse", "STRAẞE": "strasse",
		"ΣΊΣΥΦΟΣ": "σίσυφοσ", "σίσυφος": "σίσυφοσ", "": "", "ﬁona": "fiona", "É": "é", "é": "é",
	} {
		if got := fold.Name(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestMailbox(t *testing.T) {
	for _, same := range [][]string{
		{
			"a@münchen.example", "A@MÜNCHEN.Example", "a@xn--mnchen-3ya.example", "ａ@XN--MNCHEN-3YA.example",
			"a@mu\u0308nchen.example", "a＠münchen．example", "a@münchen。example",
		},
		{"a@straße.example", "a@strasse.example", "a@xn--strae-oqa.example"},
		{"ada", "ADA"},
		{"a@xn--\u00fc.example", "A@XN--\u00dc.example"}, // no Punycode
	} {
		for _, address := range same {
			if got, want := fold.Mailbox(address), fold.Mailbox(same[0]); got != want {
				t.Errorf("%q: %q, want %q", address, got, want)
			}
			if got := fold.Mailbox(fold.Mailbox(address)); got != fold.Mailbox(address) {
				t.Errorf("%q: folded again it is %q", address, got)
			}
		}
	}
	for _, other := range []string{"a+b@example.com", "a.b@example.com", "ab@example.org"} {
		if fold.Mailbox(other) == fold.Mailbox("ab@example.com") {
			t.Errorf("%s is ab@example.com", other)
		}
	}
}
