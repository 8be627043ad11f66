package pyjson_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

func TestParse(t *testing.T) {
	tests := []struct{ in, want string }{
		{`null`, `null`},
		{` [1, 2.50, -0.0, 1e+22] `, `[1,2.50,-0.0,1e+22]`},
		{`[NaN,Infinity,-Infinity]`, `[NaN,Infinity,-Infinity]`},
		{`"a b\ud83d\/"`, `"a b\ud83d\/"`}, // a lone surrogate and an idle escape stay
		{"\"\xe9\x7f\"", `"\u00e9\u007f"`}, // bytes are Latin-1 characters
		{"{\"a\" :\t[ ] , \"b\":{ }}", `{"a":[],"b":{}}`},
		{`123456789012345678901234567890`, `123456789012345678901234567890`},
	}
	for _, tt := range tests {
		if got, err := pyjson.Parse(tt.in); err != nil || got != tt.want {
			t.Errorf("Parse(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "nul", "01", "1.", ".5", "+1", "1e", "-", `"a`, "\"\n\"", `"\x"`, `"\u12g4"`, `"\u12`, "[1,]", "[1 2]",
		`{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, "1 2", "{", "[", "\ufeff1", strings.Repeat("[", 600), strings.Repeat("1", 5000),
	} {
		if got, err := pyjson.Parse(in); !errors.Is(err, pyjson.ErrSyntax) {
			t.Errorf("Parse(%.20q) = %q, %v; want ErrSyntax", in, got, err)
		}
	}
}

func TestParseObject(t *testing.T) {
	members, err := pyjson.ParseObject("{ \"b\": 1, \"a\\u00e9\": [1, 2], \"b\" :3}")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(pyjson.AppendObject(nil, members)); got != `{"b":3,"a\u00e9":[1,2]}` {
		t.Errorf("got %s", got)
	}
	if members[1].Key != "aé" {
		t.Errorf("key %q", members[1].Key)
	}
	for _, in := range []string{`[]`, `"x"`, `1`, `{} x`, ``} {
		if _, err := pyjson.ParseObject(in); !errors.Is(err, pyjson.ErrSyntax) {
			t.Errorf("ParseObject(%q): %v", in, err)
		}
	}
}

func TestQuoteAndUnquote(t *testing.T) {
	for text, want := range map[string]string{
		"plain":          `"plain"`,
		"é☃😀":            `"\u00e9\u2603\ud83d\ude00"`,
		"\"\\/<>&":       `"\"\\/<>&"`,
		"\b\f\n\r\t\x01": `"\b\f\n\r\t\u0001"`,
		"\x7f":           `"\u007f"`,
		"\xed\xa0\xbd":   `"\ud83d"`,
	} {
		got := string(pyjson.Quote(nil, text))
		if got != want {
			t.Errorf("Quote(%q) = %s, want %s", text, got, want)
		}
		if back, ok := pyjson.Unquote(got); !ok || back != text {
			t.Errorf("Unquote(%s) = %q, %v", got, back, ok)
		}
	}
	if _, ok := pyjson.Unquote("12"); ok {
		t.Error("a number is not a string")
	}
}

func TestMarshal(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{1.0, "1.0"},
		{1e16, "1e+16"},
		{1e15, "1000000000000000.0"},
		{1e-5, "1e-05"},
		{0.0001, "0.0001"},
		{math.Copysign(0, -1), "-0.0"},
		{math.NaN(), "NaN"},
		{math.Inf(-1), "-Infinity"},
		{float32(0.5), "0.5"},
		{7, "7"},
		{true, "true"},
		{nil, "null"},
		{"ü<", `"\u00fc<"`},
		{map[string]any{"k": []string{"é", "&"}}, `{"k":["\u00e9","&"]}`},
	}
	for _, tt := range tests {
		if got, err := pyjson.Marshal(tt.in); err != nil || got != tt.want {
			t.Errorf("Marshal(%v) = %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
	if _, err := pyjson.Marshal(func() {}); err == nil {
		t.Error("a func has no JSON")
	}
}

func TestUnmarshal(t *testing.T) {
	var f float64
	if err := pyjson.Unmarshal("Infinity", &f); err != nil || !math.IsInf(f, 1) {
		t.Error(f, err)
	}
	var list []float64
	if err := pyjson.Unmarshal("[NaN]", &list); !errors.Is(err, pyjson.ErrNotFinite) {
		t.Error(err)
	}
	var n int
	if err := pyjson.Unmarshal(`"x"`, &n); err == nil || errors.Is(err, pyjson.ErrNotFinite) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x\ud83d"],"b":null}`, ` [ NaN ] `, "\"\xff\"", `{"a":1,"a":2}`, `-0.0e+1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, err := pyjson.Parse(in)
		if err != nil {
			return
		}
		for _, c := range []byte(out) {
			if c < 0x20 || c > 0x7e {
				t.Fatalf("not ASCII: %q", out)
			}
		}
		if again, err := pyjson.Parse(out); err != nil || again != out {
			t.Fatalf("not stable: %q then %q, %v", out, again, err)
		}
		members, err := pyjson.ParseObject(in)
		if err != nil {
			return
		}
		text := string(pyjson.AppendObject(nil, members))
		back, err := pyjson.ParseObject(text)
		if err != nil || string(pyjson.AppendObject(nil, back)) != text {
			t.Fatalf("object not stable: %q, %v", text, err)
		}
	})
}
