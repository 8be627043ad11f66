package validate

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/pystr"
	"github.com/coatcheck/coatcheck/internal/vectors"
)

// validation is a record of the topic password_validation; each kind has some
// of the fields.
type validation struct {
	Password string
	User     Attributes
	Errors   [][2]string

	Texts []string // help_texts
	HTML  string

	Count  int    // common_count
	SHA256 string `json:"sorted_sha256"`

	A, B, Ratio string // quick_ratio
	Exceeds     bool   `json:"exceeds_len_ratio_0_7"`

	MaxSimilarity float64 `json:"max_similarity"` // similarity
	Error         any     // a code and a message; of similarity_ctor an exception
	Value         float64

	MinLength           int `json:"min_length"` // min_length
	Code, Message, Help string
}

func TestValidationVectors(t *testing.T) {
	agreed, differ := map[string]int{}, map[string]int{}
	for _, record := range vectors.Load(t, "password_validation") {
		var r validation
		record.DecodeAll(t, &r)
		if record.Has("password") {
			if _, ok := record.Text(t, "password"); !ok {
				t.Fatalf("%v: not UTF-8", record)
			}
		}
		judge := judges[record.Kind()]
		if judge == nil {
			t.Errorf("%v: a kind that nobody tests", record)
			continue
		}
		diff := judge(t, r)
		if reason := otherList(t, record, r); diff != "" && reason != "" {
			differ[reason]++
			continue
		}
		if diff != "" {
			t.Errorf("%v (-Django +Coatcheck):\n%s\n%s", record, diff, record.JSON)
			continue
		}
		agreed[record.Kind()]++
	}
	t.Logf("agreed: %v; not the same: %v", agreed, differ)
}

// otherList reports why a record that differs need not agree: Django 3.2 and 4.2
// have older lists of common passwords. But for those, it must.
func otherList(t *testing.T, record vectors.Record, r validation) string {
	if older := record.Django() < "5"; !older {
		return ""
	}
	switch record.Kind() {
	case "common_count":
		return "the list of an older Django has another length"
	case "validate":
		common := func(e [2]string) bool { return e[0] == "password_too_common" }
		ours := pairs(Password(t.Context(), r.Password, r.User, Default()))
		if slices.Equal(slices.DeleteFunc(slices.Clone(r.Errors), common), slices.DeleteFunc(ours, common)) {
			return "the password is in one list and not in the other"
		}
	}
	return ""
}

// judges give what is different.
var judges = map[string]func(*testing.T, validation) string{
	"validate": func(t *testing.T, r validation) string {
		return cmp.Diff(r.Errors, pairs(Password(t.Context(), r.Password, r.User, Default())))
	},
	"similarity": func(t *testing.T, r validation) string {
		v := []Validator{UserAttributeSimilarity{MaxSimilarity: r.MaxSimilarity}}
		want := [][2]string{}
		if e := r.Error.([]any); len(e) > 0 {
			want = append(want, [2]string{e[0].(string), e[1].(string)})
		}
		return cmp.Diff(want, pairs(Password(t.Context(), r.Password, r.User, v)))
	},
	"similarity_ctor": func(_ *testing.T, r validation) string {
		refused := Check([]Validator{UserAttributeSimilarity{MaxSimilarity: r.Value}}) != nil
		return cmp.Diff(r.Error != nil, refused)
	},
	"quick_ratio": func(t *testing.T, r validation) string {
		want, err := strconv.ParseFloat(r.Ratio, 64)
		if err != nil {
			t.Fatal(err)
		}
		c := newComparison(r.A, 0.7)
		n := len([]rune(r.B))
		return cmp.Diff([]any{want, r.Exceeds}, []any{c.ratio(r.B, n), tooShort(n, c.length, c.max)})
	},
	"min_length": func(t *testing.T, r validation) string {
		v := MinimumLength{MinLength: r.MinLength}
		err := Password(t.Context(), "", nil, []Validator{v})
		return cmp.Diff([]any{r.Help, [][2]string{{r.Code, r.Message}}}, []any{v.HelpText(), pairs(err)})
	},
	"help_texts": func(_ *testing.T, r validation) string {
		return cmp.Diff([]any{r.Texts, r.HTML}, []any{HelpTexts(Default()), HelpTextHTML(Default())})
	},
	"common_count": func(t *testing.T, r validation) string {
		list, err := commonPasswords()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(maps.Keys(list.passwords)), "\n")))
		return cmp.Diff([]any{r.Count, r.SHA256}, []any{list.Len(), hex.EncodeToString(sum[:])})
	},
}

func pairs(err error) [][2]string {
	all := [][2]string{}
	wrong, _ := err.(Errors)
	for _, e := range wrong {
		all = append(all, [2]string{e.Code, e.Message})
	}
	return all
}

// TestNumericTable: a password of one character is numeric where Python says
// isdigit; the table itself is held in pystr.
func TestNumericTable(t *testing.T) {
	for r := rune(0); r <= 0x10FFFF; r++ {
		err := Numeric{}.Validate(t.Context(), string(r), nil)
		if (err != nil) != pystr.IsDigit(r) {
			t.Errorf("%U: %v", r, err)
		}
	}
}

// FuzzValidate: whatever the password and the user are, judging them neither
// panics nor differs from the definition, and no message repeats the password.
func FuzzValidate(f *testing.F) {
	for _, r := range vectors.Load(f, "password_validation") {
		if r.Kind() == "validate" && r.Index%20 == 0 {
			raw, _ := r.Text(f, "password")
			f.Add(raw, "jose.garcía", "İstanbul", 0.7)
		}
	}
	f.Add("\xff\xfe", "\xff-\x80", "", 0.1)
	f.Fuzz(func(t *testing.T, raw, username, last string, similar float64) {
		v := UserAttributeSimilarity{MaxSimilarity: similar}
		user := Attributes{"username": username, "last_name": last}
		validators := []Validator{v, MinimumLength{}, CommonPassword{}, Numeric{}}
		err := Password(t.Context(), raw, user, validators)
		got := codes(t, err)
		if short := len([]rune(raw)) < 8; short != slices.Contains(got, "password_too_short") {
			t.Errorf("short is %v: %q", short, got)
		}
		if similar = v.MaxSimilarity; similar == 0 {
			similar = 0.7
		}
		if want := slowlySimilar(raw, similar, username, last); want != slices.Contains(got, "password_too_similar") {
			t.Errorf("similar is %v: %q", want, got)
		}
		if len(raw) > 30 && err != nil && strings.Contains(err.Error(), raw) {
			t.Errorf("the message repeats the password: %v", err)
		}
	})
}

// slowlySimilar is Django's rule word for word.
func slowlySimilar(raw string, similar float64, values ...string) bool {
	a := []rune(pystr.Lower(raw))
	for _, value := range values {
		if value == "" {
			continue
		}
		value = pystr.Lower(value)
		for _, part := range append(slowSplit(value), value) {
			b := []rune(part)
			if len(a) >= 10*len(b) && float64(len(b)) < similar/2*float64(len(a)) {
				continue
			}
			rest, matches := slices.Clone(b), 0
			for _, r := range a {
				if i := slices.Index(rest, r); i >= 0 {
					rest = slices.Delete(rest, i, i+1)
					matches++
				}
			}
			ratio := 1.0
			if n := len(a) + len(b); n > 0 {
				ratio = 2 * float64(matches) / float64(n)
			}
			if ratio >= similar {
				return true
			}
		}
	}
	return false
}

// slowSplit is re.split(r"\W+", value).
func slowSplit(value string) []string {
	var parts []string
	part := ""
	gap := false
	for i, r := range value {
		if !pystr.IsWord(r) {
			if !gap {
				parts, part = append(parts, part), ""
			}
			gap = true
			continue
		}
		gap = false
		n := len(string(r))
		if r == '\uFFFD' && value[i] != 0xEF {
			n = 1
		}
		part += value[i : i+n]
	}
	return append(parts, part)
}
