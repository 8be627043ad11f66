package vectors

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

func TestLoadEveryTopic(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(Dir(t), "*.json.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors in %s: %v", Dir(t), err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		records := Load(t, base[:len(base)-len(".json.gz")])
		lone := 0
		for _, r := range records {
			if r.Kind() == "" {
				t.Errorf("%v: no kind", r)
			}
			for field, raw := range r.Fields {
				if raw[0] != '"' {
					continue
				}
				s, ok := r.Text(t, field)
				if ok != utf8.ValidString(s) {
					t.Errorf("%v: %s: ok is %v", r, field, ok)
				}
				var std string
				r.Decode(t, field, &std)
				if ok && s != std {
					t.Errorf("%v: %s: %q, encoding/json says %q", r, field, s, std)
				}
				if !ok {
					lone++
				}
			}
		}
		t.Logf("%s: %d records, %d strings with lone surrogates", base, len(records), lone)
	}
}

func TestUnquoteLoneSurrogates(t *testing.T) {
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{`"plain"`, "plain", true},
		{`"\ud83d\ude00"`, "\U0001F600", true},
		{`"a\ud83d"`, "a\xed\xa0\xbd", false},
		{`"\ude00\ud83db"`, "\xed\xb8\x80\xed\xa0\xbdb", false},
		{`"\ud83d\ud83d\ude00"`, "\xed\xa0\xbd\U0001F600", false},
		{`"\\ud83d"`, `\ud83d`, true},
		{`"\n\"\u00e9\ufffd"`, "\n\"é\uFFFD", true},
	} {
		got, ok, err := Unquote(json.RawMessage(c.in))
		if err != nil || got != c.want || ok != c.ok {
			t.Errorf("Unquote(%s) = %q, %v, %v; want %q, %v", c.in, got, ok, err, c.want, c.ok)
		}
	}
	if _, _, err := Unquote(json.RawMessage(`12`)); err == nil {
		t.Error("Unquote of a number: no error")
	}
}

func TestDirFollowsTheEnvironment(t *testing.T) {
	other := t.TempDir()
	t.Setenv(EnvDir, other)
	if got := Dir(t); got != other {
		t.Errorf("Dir is %s, want %s", got, other)
	}
	t.Setenv(EnvDir, "internal/vectors/testdata")
	if got := Load(t, "signing"); len(got) == 0 {
		t.Error("no records by a relative path")
	}
}
