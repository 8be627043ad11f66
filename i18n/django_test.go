package i18n

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// python runs a script of testdata by the Python of a Django.
func python(t *testing.T, version, stdin string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), testenv.Django(t, version), args...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.Bytes())
	}
	return out
}

// djangoFolder is the folder of the package django of that version.
func djangoFolder(t *testing.T, version string) string {
	t.Helper()
	return strings.TrimSpace(string(python(t, version, "", "-c", "import django; print(django.__path__[0])")))
}

// counts are those that the rules of Django's languages tell apart.
var counts = []int{0, 1, 2, 3, 5, 11, 21, 22, 101, 1000000}

// spoken is what testdata/catalogues.py says about a catalogue.
type spoken struct {
	Single map[string]string   `json:"single"`
	Plural map[string][]string `json:"plural"`
}

// TestDjangosCatalogues: of every catalogue of Django every message is, for ten
// counts, what Python's gettext makes of it, and the .po file has the same texts
// as the .mo file. (In 5.2 some differ in the plural rule.)
func TestDjangosCatalogues(t *testing.T) {
	for _, version := range []string{"5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			folder := djangoFolder(t, version)
			var names []string
			for _, pattern := range []string{"conf/locale", "contrib/*/locale"} {
				found, err := filepath.Glob(filepath.Join(folder, pattern, "*/LC_MESSAGES/django.mo"))
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, found...)
			}
			if len(names) < 900 {
				t.Fatalf("%d catalogues, want hundreds", len(names))
			}
			out := python(t, version, strings.Join(names, "\n"), append([]string{"testdata/catalogues.py"}, strings.Fields(strings.Trim(fmt.Sprint(counts), "[]"))...)...)
			answers := json.NewDecoder(bytes.NewReader(out))
			texts := 0
			for _, name := range names {
				var want spoken
				if err := answers.Decode(&want); err != nil {
					t.Fatal(err)
				}
				short := strings.TrimPrefix(name, folder+"/")
				compiled := readFile(t, name, parseMO)
				texts += compare(t, short, compiled, want)
				written := readFile(t, strings.TrimSuffix(name, ".mo")+".po", parsePO)
				if !maps.Equal(written.single, compiled.single) || !maps.EqualFunc(written.plural, compiled.plural, func(a, b plurals) bool {
					return slices.Equal(a.forms, b.forms)
				}) {
					t.Errorf("%s: the .po file differs", short)
				}
			}
			t.Logf("%d catalogues, %d texts", len(names), texts)
		})
	}
}

func readFile(t *testing.T, name string, parse func(string) (*catalogue, error)) *catalogue {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(string(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// compare checks a catalogue against Python's, and counts the texts.
func compare(t *testing.T, name string, c *catalogue, want spoken) (texts int) {
	t.Helper()
	speaker := &Translator{chain: []*catalogue{c}}
	for key, text := range want.Single {
		texts++
		if got := speaker.find(key); got != text {
			t.Errorf("%s: %q is %q, want %q", name, key, got, text)
		}
	}
	for key, forms := range want.Plural {
		for i, n := range counts {
			texts++
			got := speaker.findPlural(key, n)
			if got == "" { // Python falls back by itself
				got = "the plural"
				if n == 1 {
					got = key
				}
			}
			if got != forms[i] {
				t.Errorf("%s: %q for %d is %q, want %q", name, key, n, got, forms[i])
			}
		}
	}
	if len(c.single) != len(want.Single) || len(c.plural) != len(want.Plural) {
		t.Errorf("%s: %d and %d messages, want %d and %d", name, len(c.single), len(c.plural), len(want.Single), len(want.Plural))
	}
	return texts
}

// TestNegotiationAsDjango: for random cookies and headers the language is the one
// that Django chooses.
func TestNegotiationAsDjango(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	requests := make([][2]string, 4000)
	for i := range requests {
		requests[i] = [2]string{randomCookie(random), randomHeader(random)}
	}
	question, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			var answer struct{ Languages, Chosen []string }
			if err := json.Unmarshal(python(t, version, string(question), "testdata/negotiate.py"), &answer); err != nil {
				t.Fatal(err)
			}
			c, err := New(Config{
				Sources: []fs.FS{os.DirFS(filepath.Join(djangoFolder(t, version), "conf/locale"))}, Languages: answer.Languages, Default: "en-us",
			})
			if err != nil {
				t.Fatal(err)
			}
			chosen := map[string]bool{}
			for i, r := range requests {
				want := answer.Chosen[i]
				if got := c.Negotiate(r[0], r[1]).Code(); got != want {
					t.Errorf("cookie %q, header %q: %s, want %s", r[0], r[1], got, want)
				}
				chosen[want] = true
			}
			if len(chosen) < 15 {
				t.Errorf("only %d languages were chosen; the requests are too alike", len(chosen))
			}
		})
	}
}

var subtags = []string{
	"de", "at", "fr", "ca", "zh", "hans", "hant", "tw", "cn", "hk", "sr", "latn", "pt", "br", "es", "419", "mx", "en", "us", "gb", "x", "ja", "nb", "no",
	"xx", "de", "verylongone", "ü", "1a", "", "ckb", "kab", "sw", "ar", "dz",
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }

func randomCode(random *rand.Rand) string {
	code := pick(random, subtags...)
	for random.IntN(2) == 0 {
		code += pick(random, "-", "-", "-", "-", "_", "@", "--") + pick(random, subtags...)
	}
	if random.IntN(40) == 0 {
		code += strings.Repeat("-x", random.IntN(400))
	}
	return code
}

func randomCookie(random *rand.Rand) string {
	if random.IntN(3) > 0 {
		return ""
	}
	return randomCode(random)
}

func randomHeader(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(5) {
		code := pick(random, subtags[:25]...)
		for random.IntN(3) == 0 {
			code += "-" + pick(random, subtags[:25]...)
		}
		if random.IntN(15) == 0 {
			code = pick(random, randomCode(random), "*", strings.ToUpper(code), "de-"+strings.Repeat("x", random.IntN(600)))
		}
		weight := pick(random, "", "", "", ";q=0.5", ";q=1", "; q=0.75", " ;q=0.3", ";q=0", ";q=1.000")
		if random.IntN(20) == 0 {
			weight = pick(random, ";q=1.5", ";q=.5", ";q=", ";q=0.1234", ";", ";q = 1", ";Q=0.2", ";q=1.", ";q=0.", "; q=0.7 ", ";q=-1", ";q=00.1", ";v=1")
		}
		b.WriteString(code + weight)
		b.WriteString(pick(random, ",", ",", ", ", " , ", ",\t", ""))
		if random.IntN(30) == 0 {
			b.WriteString(pick(random, " ", ",", ",,", "\t", strings.Repeat("fr-ca,", random.IntN(120))))
		}
	}
	return b.String()
}
