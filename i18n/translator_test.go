package i18n

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

const russian = `msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n"

msgid "%(n)d session of %(who)s"
msgid_plural "%(n)d sessions of %(who)s"
msgstr[0] "%(n)d сеанс %(who)s"
msgstr[1] "%(n)d сеанса %(who)s"
msgstr[2] "%(n)d сеансов %(who)s"

msgid "half"
msgid_plural "halves"
msgstr[0] "половина"
msgstr[1] ""
msgstr[2] ""

msgctxt "month"
msgid "May"
msgstr "май"

msgid "May"
msgstr "можно"

msgid "Hello %(name)s"
msgstr "Привет %(nome)s"

msgid "Hi %(name)s"
msgstr "Привет"

#, fuzzy
msgid "fuzzy"
msgstr "нечётко"

msgid "100%"
msgstr "100 %"
`

func TestTranslator(t *testing.T) {
	ru := mustNew(t, Config{Sources: []fs.FS{po("ru", "coatcheck", russian)}}).Translator("ru")
	var english *Translator
	for _, test := range []struct{ got, want string }{
		{ru.N("%(n)d session of %(who)s", "%(n)d sessions of %(who)s", 1, "who", "ada"), "1 сеанс ada"},
		{ru.N("%(n)d session of %(who)s", "%(n)d sessions of %(who)s", 3, "who", "ada"), "3 сеанса ada"},
		{ru.N("%(n)d session of %(who)s", "%(n)d sessions of %(who)s", 11, map[string]any{"who": "ada", "n": 12}), "12 сеансов ada"},
		{ru.N("half", "halves", 1), "половина"},
		{ru.N("half", "halves", 2), "halves"},
		{ru.N("May", "Mays", 2), "Mays"},
		{ru.C("month", "May"), "май"},
		{ru.C("verb", "May"), "May"},
		{ru.T("May"), "можно"},
		{ru.T("Hello %(name)s", "name", "Ada"), "Hello Ada"},
		{ru.T("Hi %(name)s", "name", "Ada"), "Привет"},
		{ru.T("fuzzy"), "fuzzy"},
		{ru.T(""), ""},
		{ru.T("100%"), "100 %"},
		{ru.T("100%", "n", 1), "100%"},
		{ru.T("not translated %(a)s", "a", "%(b)s"), "not translated %(b)s"},
		{ru.Language() + ru.Dir() + ru.Code(), "rultrru"},

		{english.T("Log in"), "Log in"},
		{english.T("Hello %(name)s", "name", "Ada"), "Hello Ada"},
		{english.T("Hello %(name)s", "nome", "Ada"), "Hello %(name)s"},
		{english.T("Hello %(name)s", "name"), "Hello %(name)s"},
		{english.T("Hello %(name)s", []string{"name"}, 1, "name", errors.New("x")), "Hello x"},
		{english.C("month", "May"), "May"},
		{english.N("%(n)d day", "%(n)d days", 1), "1 day"},
		{english.N("%(n)d day", "%(n)d days", 0), "0 days"},
		{english.Language() + english.Dir() + english.Code(), "enltren"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestEnglishCostsNothing(t *testing.T) {
	for name, tr := range map[string]*Translator{"nil": nil, "English": Default().Translator("en"), "German": Default().Translator("de")} {
		if n := testing.AllocsPerRun(100, func() { tr.T("Log in") }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestFormatAsPython: what has placeholders that we know comes out as from
// Python's %.
func TestFormatAsPython(t *testing.T) {
	values := map[string]any{"s": "ada", "n": 42, "minus": -7, "f": 2.5, "u": "ü%(n)d", "a b": "x"}
	texts := []string{
		"", "plain", "%(s)s", "%%", "100%% %(n)d%%", "%%(s)s", "%(n)d %(n)5d|%(n)-5d|%(n)05d|%(n)+d|% d", "%(n)s %(f)s", "%(n) d", "%(minus)05d %(minus)d",
		"%(f).1f %(f)8.3f|%(f)-8.2f|%(f)08.2f %(f)f", "%(n)f", "%(u)s", "%(a b)s", "%(missing)s", "%(s)d", "%(s)f", "%(s", "%(s)", "%", "%s", "%d", "%(n)",
		"tail %", "%(s)s%(n)d%(s)s", "()%(s)s)", "%(n)00000000000d", "%(n)99d",
	}
	question, err := json.Marshal([]any{texts, values})
	if err != nil {
		t.Fatal(err)
	}
	const script = `
import json, sys
texts, values = json.load(sys.stdin)
def put(text):
    try:
        return text % values
    except (KeyError, TypeError, ValueError):
        return None
json.dump([put(text) for text in texts], sys.stdout)
`
	var want []*string
	if err := json.Unmarshal(python(t, testenv.Djangos(t)[0], string(question), "-c", script), &want); err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{"%s": true, "%(n)00000000000d": true} // Python takes the dict itself; a spec that is too long
	for i, text := range texts {
		got, ok := format(text, []any{values})
		if ours[text] {
			if ok {
				t.Errorf("%q is taken", text)
			}
			continue
		}
		if ok != (want[i] != nil) || ok && got != *want[i] {
			t.Errorf("%q: %q, %t; Python says %v", text, got, ok, want[i])
		}
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2006, 3, 2, 15, 4, 5, 0, time.UTC)
	for language, want := range map[string]string{
		"en": "2 Mar 2006, 15:04", "de": "2. März 2006, 15:04", "fr": "2 mars 2006, 15:04", "es": "2 mar 2006, 15:04", "ja": "2006年3月2日 15:04",
	} {
		if got := Default().Translator(language).Time(at); got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
	var english *Translator
	if got := english.Time(at.In(time.FixedZone("", -16*60*60))); got != "1 Mar 2006, 23:04" {
		t.Errorf("in another zone %q", got)
	}
}

func TestRelative(t *testing.T) {
	now := time.Date(2026, 3, 2, 15, 0, 0, 0, time.FixedZone("", 60*60))
	for _, test := range []struct {
		ago          time.Duration
		english, say string // in German
	}{
		{0, "just now", "gerade eben"},
		{-30 * time.Second, "just now", "gerade eben"},
		{59 * time.Second, "just now", "gerade eben"},
		{time.Minute, "1 minute ago", "vor 1 Minute"},
		{3*time.Minute + 59*time.Second, "3 minutes ago", "vor 3 Minuten"},
		{time.Hour, "1 hour ago", "vor 1 Stunde"},
		{23 * time.Hour, "23 hours ago", "vor 23 Stunden"},
		{24 * time.Hour, "yesterday", "gestern"},
		{39 * time.Hour, "yesterday", "gestern"},
		{39*time.Hour + time.Second, "2 days ago", "vor 2 Tagen"},
		{29 * 24 * time.Hour, "29 days ago", "vor 29 Tagen"},
		{30 * 24 * time.Hour, "31 Jan 2026, 15:00", "31. Jan. 2026, 15:00"},
		{-time.Hour, "2 Mar 2026, 16:00", "2. März 2026, 16:00"},
	} {
		at := now.Add(-test.ago).UTC()
		if got := (*Translator)(nil).Relative(at, now); got != test.english {
			t.Errorf("%v: %q, want %q", test.ago, got, test.english)
		}
		if got := Default().Translator("de").Relative(at, now); got != test.say {
			t.Errorf("%v: %q, want %q", test.ago, got, test.say)
		}
	}
	if got := fmt.Sprint(Default().Translator("ja").Relative(now.Add(-5*time.Minute), now)); got != "5分前" {
		t.Errorf("got %q", got)
	}
}
