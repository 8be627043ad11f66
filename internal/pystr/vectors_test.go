package pystr

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

func TestCasemapVectors(t *testing.T) {
	n := 0
	for _, r := range vectors.Load(t, "usernames") {
		if r.Kind() != "casemap" { // the others are tested in auth
			continue
		}
		n++
		in, ok := r.Text(t, "input")
		if !ok {
			t.Fatalf("%v: not UTF-8", r)
		}
		for field, got := range map[string]string{
			"lower": Lower(in), "casefold": Casefold(in), "nfkc_casefold": Casefold(NFKC(in)), "strip": Strip(in),
		} {
			if want, _ := r.Text(t, field); got != want {
				t.Errorf("%v: %s of %+q is %+q, want %+q", r, field, in, got, want)
			}
		}
	}
	t.Logf("%d records agree", n)
}

// predicates are ours for the recorded tables of code points. The fifth table is
// tested in safeurl.
var predicates = map[string]func(rune) bool{
	`re_word_char (\w, str pattern)`: IsWord,
	"str_isdigit":                    IsDigit,
	"isdigit_not_Nd":                 func(r rune) bool { return IsDigit(r) && !unicode.Is(unicode.Nd, r) },
	"str_isspace (strip set)":        IsSpace,
}

// unknown are the code points that we take and the Python of a recorded table
// does not, because the Unicode of Python 3.11, 14.0, does not have them yet:
// additions of 15.0, and of 15.1 in the line of 0x2EBF0. Nothing differs from
// Python 3.13, and nothing that Python takes is refused.
var unknown = map[string][][2]rune{
	`14.0.0 re_word_char (\w, str pattern)`: {
		{0x1123F, 0x11240}, {0x11F02, 0x11F02}, {0x11F04, 0x11F10}, {0x11F12, 0x11F33}, // Khojki, Kawi
		{0x11F50, 0x11F59},                     // Kawi digits
		{0x1342F, 0x1342F}, {0x13441, 0x13446}, // hieroglyphs
		{0x1B132, 0x1B132}, {0x1B155, 0x1B155}, // small kana
		{0x1D2C0, 0x1D2D3}, {0x1DF25, 0x1DF2A}, // Kaktovik numerals, phonetic letters
		{0x1E030, 0x1E06D}, {0x1E4D0, 0x1E4EB}, {0x1E4F0, 0x1E4F9}, // Cyrillic modifiers, Nag Mundari
		{0x2B739, 0x2B739}, {0x2EBF0, 0x2EE5D}, {0x31350, 0x323AF}, // ideographs
	},
	"14.0.0 str_isdigit": {{0x11F50, 0x11F59}, {0x1E4F0, 0x1E4F9}},
}

func TestUnicodeTables(t *testing.T) {
	done := map[string]bool{} // by all that is compared: several Djangos ran on one Python
	for _, r := range vectors.Load(t, "unicode_tables") {
		var c struct {
			Name    string    `json:"name"`
			Unicode string    `json:"unicode"`
			Ranges  [][2]rune `json:"ranges"`
		}
		r.DecodeAll(t, &c)
		ours := predicates[c.Name]
		if ours == nil {
			if !strings.HasPrefix(c.Name, "category_C ") {
				t.Errorf("%v: nobody tests the table %s", r, c.Name)
			}
			continue
		}
		key := c.Unicode + c.Name + string(r.Raw("ranges"))
		if done[key] {
			continue
		}
		done[key] = true
		theirs := func(r rune) bool {
			i, _ := slices.BinarySearchFunc(c.Ranges, r, func(e [2]rune, r rune) int { return int(e[1] - r) })
			return i < len(c.Ranges) && c.Ranges[i][0] <= r
		}
		if less := ranges(func(r rune) bool { return theirs(r) && !ours(r) }); less != nil {
			t.Errorf("%v: %s: not taken: %X", r, c.Name, less)
		}
		more, want := ranges(func(r rune) bool { return ours(r) && !theirs(r) }), unknown[c.Unicode+" "+c.Name]
		if unicode.Version == "15.0.0" && !slices.Equal(more, want) { // a newer Go knows more
			t.Errorf("%v: %s: taken as well: %X, listed: %X", r, c.Name, more, want)
		}
	}
}

// ranges are the code points of which is is true.
func ranges(is func(rune) bool) [][2]rune {
	var all [][2]rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !is(r) {
			continue
		}
		if n := len(all); n > 0 && all[n-1][1] == r-1 {
			all[n-1][1] = r
		} else {
			all = append(all, [2]rune{r, r})
		}
	}
	return all
}
