package djangosettings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePython(t *testing.T) {
	for text, want := range map[string]any{
		"None": nil, "True": true, " False ": false, "-12": int64(-12), "2.5": 2.5, "1e3": 1000.0, "inf": pyObject("inf"),
		`'it\'s "ü" \x41\u2603\\'`: `it's "ü" A☃\`, `"it's"`: "it's", "b'x'": "x", "''": "",
		"[]": []any{}, "('a',)": []any{"a"}, "['a', [1, (2, 3)]]": []any{"a", []any{int64(1), []any{int64(2), int64(3)}}},
		"{}": map[string]any{}, "{'a': {'b': None}, 1: 2}": map[string]any{"a": map[string]any{"b": nil}}, "{'a', 'a'}": []any{"a", "a"},
		"PosixPath('/x')": "/x", "re.compile('^a', re.I)": pyObject("re.compile(...)"), "datetime.timedelta(days=1)": pyObject("datetime.timedelta(...)"),
		"<A <b> c>": pyObject("<A <b> c>"), "[<A>, 1]": []any{pyObject("<A>"), int64(1)}, "set()": pyObject("set(...)"),
	} {
		got, err := parsePython(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %#v, %v, want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "'a", "[1", "[1 2]", "{'a' 1}", "{'a': }", "<a", "1 2", "'\\", "-", "f(", strings.Repeat("[", 1000), "é"} {
		if got, err := parsePython(text); err == nil {
			t.Errorf("%.20s: %#v", text, got)
		}
	}
}

func FuzzParsePython(f *testing.F) {
	for _, text := range []string{"{'a': [1, None, (True, 'x\\'')]}", "PosixPath('/x')", "<A <b>>", "-1.5e7", "{1, 2}"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parsePython(text) // it ends, and does not panic
	})
}
