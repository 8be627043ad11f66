package conformance_test

import (
	"compress/zlib"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/internal/vectors"
)

// A generator makes cases, the same ones for the same seed and name.
type generator struct {
	*rand.Rand
	t       *testing.T
	corpora map[string][]string

	zlib      *zlib.Writer
	canonical bool // JSON is spelt as Python spells it
}

func newGenerator(t *testing.T, seed uint64, name string) *generator {
	h := fnv.New64a()
	h.Write([]byte(name))
	return &generator{Rand: rand.New(rand.NewPCG(seed, h.Sum64())), t: t, corpora: map[string][]string{}, zlib: zlib.NewWriter(nil)}
}

// one in n.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

// pick is any of them.
func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

// join is up to most pieces of f's, with separators of any kind given between.
func (g *generator) join(most int, f func() string, separators ...string) string {
	var b strings.Builder
	for i := range 1 + g.IntN(most) {
		if i > 0 && len(separators) > 0 {
			b.WriteString(pick(g, separators...))
		}
		b.WriteString(f())
	}
	return b.String()
}

// corpus is any text that the recorded vectors hold in that field.
func (g *generator) corpus(topic, kind, field string) string {
	name := topic + " " + kind + " " + field
	if g.corpora[name] == nil {
		seen := map[string]bool{}
		for _, r := range vectors.Load(g.t, topic) {
			var text string
			raw := r.Raw(field)
			if (kind != "" && r.Kind() != kind) || len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil || seen[text] || len(text) > 3000 {
				continue
			}
			seen[text] = true
			g.corpora[name] = append(g.corpora[name], text)
		}
		if len(g.corpora[name]) == 0 {
			g.t.Fatalf("the vectors hold no %s", name)
		}
	}
	return pick(g, g.corpora[name]...)
}

// oddRunes are where programs go wrong: white space and control characters of all
// kinds, letters whose case is no simple matter, digits that are not 0 to 9,
// characters that normalise into delimiters, marks, and code points that are
// unassigned, private or new in Unicode.
var oddRunes = []rune("\x00\x01\t\n\v\f\r\x1b\x1c\x1f\x7f\u0080\u0085\u00a0\u00ad\u1680\u2003\u200b\u200d\u2028\u2029\u202e\u202f\u205f\u3000\ufeff" +
	"İıßẞſΣσςŉǰΐﬁﬃǅÅÅéé\u0301\u0345\u0903\u0939\u094d가각ᄀ" +
	"²³½Ⅷⅷ٣४１𝟙①㊿零" + "／？＃＠：．％＼﹫﹕․‥℀℁⁄∕" + "ａＺ𝒜Ω😀👨\u200d👩\U0001f3fd\ue000\ufffd\uffff\u0378\U000e0001\U0010ffff" +
	"\U0001e4d0\U00031350\u1c89\ua7cb\U00010d40")

// letter is a character, mostly of everyday ones.
func (g *generator) letter() rune {
	switch g.IntN(12) {
	case 0, 1:
		return pick(g, oddRunes...)
	case 2:
		for {
			if r := rune(g.IntN(utf8.MaxRune)); utf8.ValidRune(r) {
				return r
			}
		}
	case 3:
		return rune(0x80 + g.IntN(0x2f80))
	case 4, 5:
		return rune(0x20 + g.IntN(0x5f))
	}
	return pick(g, []rune("abcxyzABZ0189_-.@+")...)
}

// word is a text of up to most characters.
func (g *generator) word(most int) string {
	return g.join(most, func() string { return string(g.letter()) })
}

// plainWord is a text of ASCII letters and digits.
func (g *generator) plainWord(most int) string {
	return g.join(most, func() string { return string(pick(g, []rune("abcdefXYZ0123456789")...)) })
}

// mutate changes a text in some places; the pieces are what may come into it.
func (g *generator) mutate(s string, pieces ...string) string {
	runes := []rune(s)
	for range 1 + g.IntN(3) {
		at := 0
		if len(runes) > 0 {
			at = g.IntN(len(runes))
		}
		rest := runes[at:]
		head := append([]rune(nil), runes[:at]...)
		switch g.IntN(8) {
		case 0: // take away
			runes = append(head, rest[min(len(rest), 1+g.IntN(3)):]...)
		case 1: // cut off
			runes = head
		case 2: // repeat
			runes = append(append(head, rest[:min(len(rest), 1+g.IntN(4))]...), rest...)
		case 3, 4: // put in
			piece := string(g.letter())
			if len(pieces) > 0 {
				piece = pick(g, pieces...)
			}
			runes = append(append(head, []rune(piece)...), rest...)
		case 5: // replace
			if len(rest) > 0 {
				runes = append(append(head, g.letter()), rest[1:]...)
			}
		case 6: // other case
			if len(rest) > 0 {
				one := string(rest[0])
				runes = append(append(head, []rune(pick(g, strings.ToUpper(one), strings.ToLower(one)))...), rest[1:]...)
			}
		case 7: // exchange
			if len(rest) > 1 {
				runes = append(append(head, rest[1], rest[0]), rest[2:]...)
			}
		}
	}
	return string(runes)
}

// jsonText is a JSON value as somebody may spell it, in ASCII.
func (g *generator) jsonText(depth int) string {
	kind := g.IntN(12)
	if depth <= 0 {
		kind = g.IntN(8)
	}
	switch kind {
	case 0:
		return pick(g, "true", "false", "null")
	case 1, 2:
		if g.one(3) && !g.canonical {
			return pick(g, "-0", "1.50", "1e5", "1E+2", "1e-7", "1e400", "1e16", "0.00001", "100000000000000000000.0")
		}
		return pick(g, "0", "1", "-17", "42", "255", "256", "65536", "-32769", "2147483648", "9223372036854775808", "-123456789012345678901234567890",
			"1.5", "-0.0", "123456789.12345679", "5e-324", "1e+16", "0.0001", "1e-05", "100000.0", "NaN", "Infinity", "-Infinity")
	case 3, 4, 5, 6, 7:
		return g.jsonString()
	case 8, 9:
		return "[" + g.space() + g.join(5, func() string { return g.jsonText(depth-1) + g.space() }, g.comma()) + "]"
	}
	return g.jsonObject(depth)
}

func (g *generator) space() string {
	if g.canonical {
		return ""
	}
	return pick(g, "", "", "", "", " ", "\n", "\t ", "\r")
}

func (g *generator) comma() string { return "," + g.space() }

func (g *generator) jsonObject(depth int) string {
	if g.one(12) {
		return "{}"
	}
	seen := map[string]bool{}
	return "{" + g.join(5, func() string {
		key := g.jsonString()
		for g.canonical && seen[key] {
			key = g.jsonString()
		}
		seen[key] = true
		return key + g.space() + ":" + g.space() + g.jsonText(depth-1)
	}, g.comma()) + "}"
}

func (g *generator) jsonString() string {
	if g.one(3) {
		if g.one(5) && !g.canonical {
			return pick(g, `"\/\u0041\u00FC"`, `"\uD83D\uDE00"`)
		}
		return pick(g, `""`, `"a"`, `"_auth_user_id"`, `"_auth_user_hash"`, `"_session_expiry"`, `"\u00fc\u2603\ud83d\ude00"`,
			`"\ud83d"`, `"\ude00\ud83d"`, `"/\b\f\n\r\t\"\\"`, `"`+strings.Repeat("many words ", g.IntN(60))+`"`)
	}
	return string(pyjson.Quote(nil, g.word(12)))
}
