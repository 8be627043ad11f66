package i18n

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// mo compiles pairs of a text and its translation.
func mo(order binary.ByteOrder, rows ...[2]string) string {
	number := func(n int) string {
		b := make([]byte, 4)
		order.PutUint32(b, uint32(n))
		return string(b)
	}
	texts, translations := moHeader, moHeader+len(rows)*moRow
	offset := translations + len(rows)*moRow
	head := number(moMagic) + number(0) + number(len(rows)) + number(texts) + number(translations) + number(0) + number(0)
	var tables [2]string
	var strs string
	for side := range 2 {
		for _, row := range rows {
			tables[side] += number(len(row[side])) + number(offset+len(strs))
			strs += row[side] + "\x00"
		}
	}
	return head + tables[0] + tables[1] + strs
}

var someRows = [][2]string{
	{"", "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n>1;\n"},
	{"Log in", "Entrer"},
	{"month\x04May", "mai"},
	{"day\x00days", "jour\x00jours"},
}

func TestBothByteOrders(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		c, err := parseMO(mo(order, someRows...))
		if err != nil {
			t.Fatalf("%v: %v", order, err)
		}
		tr := &Translator{chain: []*catalogue{c}}
		if got := tr.T("Log in") + tr.C("month", "May") + tr.N("day", "days", 0) + tr.N("day", "days", 2); got != "Entrermaijourjours" {
			t.Errorf("%v: %q", order, got)
		}
	}
}

func TestMalformedMO(t *testing.T) {
	good := mo(binary.LittleEndian, someRows...)
	change := func(at int, to string) string { return good[:at] + to + good[at+len(to):] }
	for name, data := range map[string]string{
		"empty":                 "",
		"no .mo file":           strings.Repeat("x", 100),
		"cut off in the header": good[:moHeader-1],
		"cut off in the tables": good[:moHeader+5],
		"cut off in a string":   good[:len(good)-2],
		"a version of its own":  change(4, "\x00\x00\x02\x00"),
		"four milliard rows":    change(8, "\xff\xff\xff\xff"),
		"a table far away":      change(12, "\xff\xff\xff\xff"),
		"a string far away":     change(moHeader+4, "\xff\xff\xff\xff"),
		"a string without end":  change(moHeader, "\xff\xff\xff\xff"),
		"no UTF-8":              mo(binary.LittleEndian, [2]string{"a", "\xff"}),
		"Latin 1":               mo(binary.LittleEndian, [2]string{"", "Content-Type: text/plain; charset=ISO-8859-1\n"}),
		"a wrong plural rule":   mo(binary.LittleEndian, [2]string{"", "Plural-Forms: nplurals=2; plural=m;\n"}),
		"too many forms":        mo(binary.LittleEndian, [2]string{"a\x00b", strings.Repeat("x\x00", maxForms+1)}),
	} {
		if _, err := parseMO(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// Rows that all share one long string would cost much more than the file is long.
	row := "\x40\x00\x00\x00" + "\x3c\x03\x00\x00" // 64 bytes behind the table
	shared := good[:8] + "\x64\x00\x00\x00" + good[12:16] + good[12:16] + good[20:moHeader] + strings.Repeat(row, 100) + strings.Repeat("x", 64)
	if _, err := parseMO(shared); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("strings that overlap: %v", err)
	}
}

func TestPO(t *testing.T) {
	const text = "\ufeff# a comment\r\n" + `
#. for translators
#: file.go:1
#, python-format, c-format
msgid "one\tline \"quoted\" \\ back"
msgstr "eine"
" Zeile"
"\n"
msgctxt ""
msgid "in the empty context"
msgstr "leer"

#, fuzzy
#~ msgid "obsolete"
#~ msgstr "alt"

#| msgid "before"
msgid "after the obsolete one"
msgstr "danach"

msgid "empty"
msgstr ""
msgid "day"
msgid_plural "days"
msgstr[0] "Tag"
msgstr[1] "Tage"
#, python-format, fuzzy
msgid "fuzzy"
msgstr "unscharf"
`
	c, err := parsePO(text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"one\tline \"quoted\" \\ back": "eine Zeile\n", "\x04in the empty context": "leer", "after the obsolete one": "danach",
	}
	for key, translation := range want {
		if c.single[key] != translation {
			t.Errorf("%q is %q, want %q", key, c.single[key], translation)
		}
	}
	if len(c.single) != len(want) || len(c.plural) != 1 || strings.Join(c.plural["day"].forms, "|") != "Tag|Tage" {
		t.Errorf("got %q and %v", c.single, c.plural)
	}
}

func TestMalformedPO(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                        "line 1: \"hello\" is neither",
		`"hello"`:                      "belongs to nothing",
		`msgid "a`:                     "no quote at its end",
		`msgid "`:                      "no quote at its end",
		`msgid "a" "b"`:                "goes on behind a quote",
		`msgid "\z"`:                   "backslash",
		`msgid "a\"`:                   "backslash",
		`msgid "a"`:                    `"a" has no msgstr`,
		"msgid \"a\"\nmsgid \"b\"":     "line 2: \"msgid\" has no place",
		`msgstr "a"`:                   "no place",
		"msgctxt \"a\"\nmsgstr \"b\"":  "no place",
		"msgid \"a\"\nmsgstr[0] \"b\"": "no place",
		"msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"c\"":                             "not the next plural form",
		"msgid \"a\"\nmsgstr \"b\"\nmsgid \"a\"\nmsgstr \"c\"":                         "is there twice",
		"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=latin-1\\n\"":          "convert the file to UTF-8",
		"msgid \"\"\nmsgstr \"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n\"": "Plural-Forms",
		"\xff":       "not UTF-8",
		`domain "x"`: "no place",
	} {
		if _, err := parsePO(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for _, test := range []struct {
		expression string
		n, want    int64
	}{
		{"n", 7, 7},
		{"n != 1", 1, 0},
		{"1 + 2 * 3 - 4 / 2", 0, 5},
		{"(1 + 2) * 3", 0, 9},
		{"10 - 3 - 2", 0, 5},
		{"n % 10", 27, 7},
		{"!n == 2", 5, 0}, // (!n) == 2, unlike in Python
		{"!!n", 5, 1},
		{"1 || 2 && 0", 0, 1},
		{"n ? 3 : n == 0 ? 4 : 5", 0, 4},
		{"n ? n > 1 ? 6 : 7 : 8", 1, 7},
		{"0 && 1 / 0", 0, 0},
		{"1 || 1 / 0", 0, 1},
		{"1 < 2 == 1", 0, 1},
		{"3 >= 3 && 3 <= 3", 0, 1},
		{"n-2", 0, -2},
		{"(n-7)%5", 0, 3},
		{"(n-7)/5", 0, -2},
		{"007", 0, 7},
	} {
		e, err := parseExpression(test.expression)
		if err != nil {
			t.Errorf("%s: %v", test.expression, err)
			continue
		}
		if got, err := e.eval(test.n); err != nil || got != test.want {
			t.Errorf("%s with %d: %d, %v; want %d", test.expression, test.n, got, err, test.want)
		}
	}
}

// TestWrongPlurals: what a form cannot be found by leads to the first form.
func TestWrongPlurals(t *testing.T) {
	for _, expression := range []string{"1/0", "n%(n-n)", "n-5", "7", "1/n"} {
		r, err := parseRule("nplurals=2; plural=" + expression + ";")
		if err != nil {
			t.Fatal(err)
		}
		if got := r.index(0); got != 0 {
			t.Errorf("%s: form %d", expression, got)
		}
	}
	deep := strings.Repeat("(", maxDepth+1) + "n" + strings.Repeat(")", maxDepth+1)
	for _, header := range []string{
		"", "nplurals=2", "plural=n", "nplurals=0; plural=n", "nplurals=11; plural=n", "nplurals=x; plural=n", "nplurals=2; plural=",
		"nplurals=2; plural=n n", "nplurals=2; plural=(n", "nplurals=2; plural=n)", "nplurals=2; plural=n ?", "nplurals=2; plural=n ? 1",
		"nplurals=2; plural=n = 1", "nplurals=2; plural=n & 1", "nplurals=2; plural=-1", "nplurals=2; plural=m", "nplurals=2; plural=1234567890",
		"nplurals=2; plural=" + deep, "nplurals=2; plural=" + strings.Repeat("!", maxDepth+1) + "n", "nplurals=2; plural=n" + strings.Repeat("+n", maxExpression),
	} {
		if _, err := parseRule(header); err == nil || !strings.HasPrefix(err.Error(), "Plural-Forms: ") {
			t.Errorf("%.60q: %v", header, err)
		}
	}
}

func FuzzPO(f *testing.F) {
	for _, name := range []string{"locale/de/LC_MESSAGES/coatcheck.po", "locale/ja/LC_MESSAGES/coatcheck.po"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data[:1000]))
	}
	f.Add(russian)
	f.Fuzz(func(t *testing.T, text string) { speak(parsePO(text)) })
}

func FuzzMO(f *testing.F) {
	f.Add(mo(binary.LittleEndian, someRows...))
	f.Add(mo(binary.BigEndian, someRows...))
	f.Fuzz(func(t *testing.T, data string) { speak(parseMO(data)) })
}

// speak formats every text of a catalogue.
func speak(c *catalogue, err error) {
	if err != nil {
		return
	}
	t := &Translator{chain: []*catalogue{c}}
	for key := range c.single {
		t.T(key, "name", "x", "n", 1)
	}
	for key := range c.plural {
		for n := range 12 {
			t.N(key, key, n)
		}
	}
}

func FuzzPlural(f *testing.F) {
	f.Add("n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2", 5)
	f.Add("!(n/0)", -1)
	f.Fuzz(func(t *testing.T, expression string, n int) {
		r, err := parseRule("nplurals=3; plural=" + expression)
		if err != nil {
			return
		}
		if i := r.index(n); i < 0 || i > 2 {
			t.Errorf("form %d", i)
		}
	})
}

func FuzzNegotiate(f *testing.F) {
	f.Add("de-at", "fr;q=0.5, *;q=0.1")
	f.Fuzz(func(t *testing.T, cookie, header string) {
		if Default().Negotiate(cookie, header) == nil {
			t.Error("no translator")
		}
	})
}
