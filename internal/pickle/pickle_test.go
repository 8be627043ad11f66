package pickle

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

func text(members []pyjson.Member) string { return string(pyjson.AppendObject(nil, members)) }

func TestRoundTrip(t *testing.T) {
	for _, want := range []string{
		`{}`,
		`{"a":1}`,
		`{"a":[],"b":[1],"c":[1,2],"d":{},"e":{"f":{"g":[[],{}]}}}`,
		`{"i":[0,-1,255,256,65535,65536,-128,-129,2147483647,2147483648,-2147483648,-2147483649]}`,
		`{"l":[-32768,-140737488355328,9223372036854775807,-9223372036854775808,123456789012345678901234567890,-99999999999999999999]}`,
		`{"f":[1.0,-0.0,1e+22,1.5e-07,NaN,Infinity,-Infinity]}`,
		`{"s":["","\u00fc\u2603\ud83d\ude00","\ud83d","\u0000\"\\\n",",]}{["],"\u043a":null}`,
		`{"many":[` + strings.Repeat("1,", 2500) + `1],"long":"` + strings.Repeat("x", 70000) + `"}`,
	} {
		members, err := pyjson.ParseObject(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, protocol := range []int{4, 5} {
			encoded, err := Encode(members, protocol)
			if err != nil {
				t.Fatal(err)
			}
			got, foreign, err := Decode(encoded)
			if err != nil || foreign != nil || text(got) != want {
				t.Errorf("protocol %d of %.80s: %.80s, %v, %v", protocol, want, text(got), foreign, err)
			}
		}
	}
}

// TestNaN checks that NaN has Python's bits: struct.pack(">d", float("nan")).
func TestNaN(t *testing.T) {
	members, err := pyjson.ParseObject(`{"a":NaN}`)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := Encode(members, 5)
	if want := "G\x7f\xf8\x00\x00\x00\x00\x00\x00s."; err != nil || !strings.HasSuffix(encoded, want) {
		t.Errorf("%q, %v; want it to end in %q", encoded, err, want)
	}
}

func TestDuplicateKeysKeepPlaceAndLastValue(t *testing.T) {
	got, _, err := Decode("\x80\x05}(\x8c\x01aK\x01\x8c\x01bK\x02\x8c\x01aK\x03u.")
	if err != nil || text(got) != `{"a":3,"b":2}` {
		t.Errorf("%s, %v", text(got), err)
	}
}

// auth is a pair of items before a foreign one.
const auth = "\x80\x05}(\x8c\x0d_auth_user_id\x8c\x011\x8c\x01x"

func TestForeign(t *testing.T) {
	for name, tt := range map[string]struct{ value, why string }{
		"tuple":          {"K\x01K\x02\x86", "a tuple"},
		"empty tuple":    {")", "a tuple"},
		"long tuple":     {"(K\x01K\x02K\x03K\x04t", "a tuple"},
		"bytes":          {"C\x03abc", "bytes"},
		"bytearray":      {"\x96\x03\x00\x00\x00\x00\x00\x00\x00abc", "bytes"},
		"set":            {"\x8f(K\x01K\x02\x90", "a set"},
		"frozenset":      {"(K\x01\x91", "a set"},
		"os.system":      {"cos\nsystem\n\x8c\x02id\x85R", `"os"."system"`},
		"posix.system":   {"\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R", `"posix"."system"`},
		"decimal":        {"\x8c\x07decimal\x8c\x07Decimal\x93\x8c\x031.5\x85R", `"decimal"."Decimal"`},
		"model instance": {"cm\nC\n)\x81}\x8c\x01aK\x01sb", `"m"."C"`},
		"newobj_ex":      {"cm\nC\n)}\x92", `"m"."C"`},
		"inst":           {"(K\x01im\nC\n", `"m"."C"`},
		"obj":            {"(cm\nC\nK\x01o", "a Python object"},
		"persistent id":  {"K\x01Q", "a Python object"},
		"persistent id0": {"Pabc\n", "a Python object"},
		"extension":      {"\x82\x01", "a Python object"},
		"buffer":         {"\x97\x98", "a Python object"},
		"nested":         {"](K\x01}\x8c\x01a)se", "a tuple"},
		"key":            {"}K\x01K\x02s", "a dict with a key that is no text"},
		"built list":     {"]N" + "b", "a Python object"},
		"long integer":   {"\x8b\x00\x08\x00\x00" + strings.Repeat("\x01", 2048), "an integer that is too long"},
		"cycle":          {"]q\x00h\x00a", "nested too deep"},
		"deep":           {strings.Repeat("]", 600) + strings.Repeat("a", 599), "nested too deep"},
	} {
		t.Run(name, func(t *testing.T) {
			got, foreign, err := Decode(auth + tt.value + "\x8c\x01yK\x07u.")
			if err != nil || text(got) != `{"_auth_user_id":"1","y":7}` {
				t.Fatalf("%s, %v", text(got), err)
			}
			if !errors.Is(foreign, ErrForeign) || !strings.Contains(foreign.Error(), tt.why) {
				t.Errorf("foreign: %v; want %q", foreign, tt.why)
			}
		})
	}
}

func TestForeignKey(t *testing.T) {
	got, foreign, err := Decode("\x80\x05}(K\x01K\x02\x8c\x01aK\x03u.")
	if err != nil || !errors.Is(foreign, ErrForeign) || text(got) != `{"a":3}` {
		t.Errorf("%s, %v, %v", text(got), foreign, err)
	}
}

func TestMalformed(t *testing.T) {
	for _, in := range []string{
		"", "5", "-5", "abc", "\x80", "\x80\x05", "\x80\x05.", "\x80\x05}", "\x80\x01}.", "\x80\x06}.", "}.", "(dp0\n.",
		"\x80\x05K\x01.", "\x80\x05\x8c\x01a.", "\x80\x05].", "\x80\x05).", "\x80\x05cos\nsystem\n.",
		"\x80\x05}(\x8c\x01au.", "\x80\x05}\x8c\x01as.", "\x80\x05}s.", "\x80\x05}u.", "\x80\x05u.", "\x80\x05(.", "\x80\x05}(u", "\x80\x05}(.",
		"\x80\x05}h\x00.", "\x80\x05}j\xff\xff\xff\xff.", "\x80\x05\x94.", "\x80\x05}\x8c\xffa.", "\x80\x05}X\xff\xff\xff\xffa.",
		"\x80\x05\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "\x80\x05\x8e\xff\xff\xff\xff\xff\xff\xff\x7fa.",
		"\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\xff}.", "\x80\x05\x8b\xff\xff\xff\xff}.", "\x80\x05\x8c\x01\xff.", "\x80\x05\x8c\x02\xed\xa0.",
		"\x80\x05K\x01a.", "\x80\x05]K\x01K\x02s.", "\x80\x05c\n.", "\x80\x05N\x93.", "\x80\x05NN\x93.", "\x80\x05}\xff.", "\x80\x05I1\n.",
	} {
		if got, _, err := Decode(in); !errors.Is(err, ErrMalformed) || got != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	if _, _, err := Decode("\x80\x05N.trailer"); !errors.Is(err, ErrNone) {
		t.Errorf("None: %v", err)
	}
}

// bombs are short for what they stand for, or make the machine work for nothing.
var bombs = map[string]string{
	"too long":       "\x80\x05}" + strings.Repeat("0", MaxSize),
	"marks":          "\x80\x05" + strings.Repeat("(", 1<<20),
	"lists":          "\x80\x05" + strings.Repeat("]", 1<<20),
	"nones":          "\x80\x05" + strings.Repeat("N", 1<<20),
	"duplicates":     "\x80\x05}" + strings.Repeat("2", 1<<20),
	"memo":           "\x80\x05}r\xff\xff\xff\x7f.",
	"one in many":    "\x80\x05}\x8c\x01a]" + strings.Repeat("(NNNNNNNNNNNNNNNNe", 1<<17) + "s.",
	"billion laughs": laughs(10, 64),
	"doubling":       laughs(2, 400),
	"long text":      "\x80\x05}\x8c\x01a](X\x00\x00\x04\x00" + strings.Repeat("\x01", 1<<18) + "q\x00" + strings.Repeat("h\x00", 50000) + "es.",
	"list of itself": "\x80\x05}\x8c\x01a]q\x00(h\x00h\x00h\x00es.",
	"dict of itself": "\x80\x05}q\x00(\x8c\x01ah\x00\x8c\x01bh\x00u.",
}

// laughs nests lists that hold the one before several times.
func laughs(times, levels int) string {
	var b strings.Builder
	b.WriteString("\x80\x05}\x8c\x01a]q\x00")
	for i := range levels {
		fmt.Fprintf(&b, "](%se%c%c%c", strings.Repeat(fmt.Sprintf("j%c%c\x00\x00", i&0xff, i>>8), times), 'r', (i+1)&0xff, (i+1)>>8)
		b.WriteString("\x00\x00")
	}
	return strings.ReplaceAll(b.String(), "\u0080", "\x80") + "s."
}

func TestBombs(t *testing.T) {
	for name, in := range bombs {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, foreign, err := Decode(in)
			runtime.ReadMemStats(&after)
			if err == nil && foreign == nil {
				t.Error("was read")
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 {
				t.Errorf("%d bytes of input took %d MiB", len(in), used>>20)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	if _, err := Encode(nil, 2); err == nil {
		t.Error("protocol 2 was written")
	}
	long := []pyjson.Member{{Key: "a", Value: `"` + strings.Repeat("x", MaxSize) + `"`}}
	if _, err := Encode(long, 5); !errors.Is(err, ErrLimit) {
		t.Errorf("%v", err)
	}
}

func FuzzPickle(f *testing.F) {
	for _, in := range bombs {
		if len(in) < 1000 {
			f.Add(in)
		}
	}
	f.Add(auth + "cos\nsystem\n\x8c\x02id\x85Ru.")
	encoded, err := Encode([]pyjson.Member{{Key: "a", Value: `[1,{"b":[1.5,null,true]},-70000,123456789012345678901]`}}, 5)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, in string) {
		members, _, err := Decode(in)
		if err != nil {
			return
		}
		parsed, err := pyjson.ParseObject(text(members))
		if err != nil || text(parsed) != text(members) {
			t.Fatalf("not canonical: %s, %v", text(members), err)
		}
		encoded, err := Encode(members, 5)
		if err != nil {
			return
		}
		again, foreign, err := Decode(encoded)
		if errors.Is(err, ErrLimit) { // what was shared is written out
			return
		}
		if err != nil || foreign != nil || text(again) != text(members) {
			t.Fatalf("%s came back as %s, %v, %v", text(members), text(again), foreign, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	encoded := benchmarkPickle(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Decode(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	members, _, _ := Decode(benchmarkPickle(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(members, 5); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkPickle(b *testing.B) string {
	members, err := pyjson.ParseObject(`{"_auth_user_id":"1","_auth_user_backend":"django.contrib.auth.backends.ModelBackend",` +
		`"_auth_user_hash":"` + strings.Repeat("f", 64) + `","cart":[1,2,{"n":3}],"_csrftoken":"` + strings.Repeat("b", 32) + `"}`)
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := Encode(members, 5)
	if err != nil {
		b.Fatal(err)
	}
	return encoded
}
