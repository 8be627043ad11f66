package identity

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

func TestCleanUsername(t *testing.T) {
	for _, c := range []struct {
		raw, want string
		err       *FieldError
	}{
		{"\u3000alice\x1f", "alice", nil},
		{"ﬁ@x.y+z-_", "fi@x.y+z-_", nil},
		{"e\u0301", "é", nil}, // the mark is no letter, but what comes of it is
		{"", "", ErrRequired},
		{" \u2003 ", "", ErrRequired},
		{"a\x00", "", ErrNUL},
		{"a b", "", ErrInvalidUsername},
		{"½", "", ErrInvalidUsername}, // of which comes a fraction slash
		{"हिन्दी", "", ErrInvalidUsername},
		{"a\xff", "", ErrInvalidUsername},
		{"a\u200b", "", ErrInvalidUsername},
		{"😀", "", ErrInvalidUsername},
		{" " + strings.Repeat("é", MaxUsername) + " ", strings.Repeat("é", MaxUsername), nil},
	} {
		got, err := CleanUsername(c.raw)
		if got != c.want || c.err == nil && err != nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("CleanUsername(%+q) = %+q, %v; want %+q, %v", c.raw, got, err, c.want, c.err)
		}
	}
	for raw, message := range map[string]string{
		strings.Repeat("é", 151):              "Ensure this value has at most 150 characters (it has 151).",
		strings.Repeat("\ufdfa", 10):          "Ensure this value has at most 150 characters (it has 180).",
		strings.Repeat("a", 1<<20) + "\x00":   "Ensure this value has at most 150 characters (it has 1048577).",
		strings.Repeat("\ufdfa", 10) + "\x00": "Ensure this value has at most 150 characters (it has 181).", // of two errors, Django's first
	} {
		_, err := CleanUsername(raw)
		var field *FieldError
		if !errors.As(err, &field) || field.Code != "max_length" || err.Error() != message {
			t.Errorf("CleanUsername(%.20q...) = %v, want %s", raw, err, message)
		}
	}
}

func TestSameIdentifier(t *testing.T) {
	if !SameIdentifier("Ａｌｉｃｅ", "ALICE") || SameIdentifier("mike@example.org", "mıke@example.org") {
		t.Error("SameIdentifier")
	}
	if FoldIdentifier("STRASSE@x") != FoldIdentifier("straße@X") {
		t.Error("FoldIdentifier")
	}
}

// TestHostileIdentifiers: a megabyte of anything is refused at once.
func TestHostileIdentifiers(t *testing.T) {
	for _, unit := range []string{"a", "\ufdfa", "\u0301\u0323", "Σ", "\xff", "a.", "@", `\`, "[", "-", "a@b.", ":"} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		start := time.Now()
		_, errName := CleanUsername(text)
		_, errEmail := CleanEmail(text)
		if errName == nil || errEmail == nil || ValidEmail(text) || ValidEmail(`"`+text+`"@b.com`) {
			t.Errorf("%q is taken", unit)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("%q: %v", unit, d)
		}
	}
}

// FuzzUsername: what is cleaned is valid, fits its column and stays as it is
// when it is cleaned again, so one account has one name.
func FuzzUsername(f *testing.F) {
	for _, seed := range []string{"alice", " ﬁ ", "\ufdfa", "a\x00", "e\u0301", "\xff", "Σ\u0345", "가\u11a8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := CleanUsername(raw)
		if err != nil {
			if field := (*FieldError)(nil); !errors.As(err, &field) || field.Code == "" {
				t.Errorf("%+q: %v", raw, err)
			}
			return
		}
		again, err := CleanUsername(name)
		if err != nil || again != name {
			t.Errorf("%+q is cleaned to %+q, and this to %+q, %v", raw, name, again, err)
		}
		if n := utf8.RuneCountInString(name); n == 0 || n > MaxUsername || !ValidUsername(name) || !utf8.ValidString(name) {
			t.Errorf("%+q is cleaned to %+q", raw, name)
		}
		if ValidASCIIUsername(name) && strings.ToLower(name) != FoldIdentifier(name) {
			t.Errorf("%+q folds to %+q", name, FoldIdentifier(name))
		}
		if !SameIdentifier(name, raw) && pystr.Strip(raw) == raw {
			t.Errorf("%+q is not the same as %+q", name, raw)
		}
	})
}
