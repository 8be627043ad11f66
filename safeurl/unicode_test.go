package safeurl

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// assigned15 are the code points that Unicode 15.0, which is Go 1.26's, assigns
// and 14.0, which is Python 3.11's, does not: a URL that begins with one of them
// is safe here and not there.
var assigned15 = [][2]rune{
	{0xCF3, 0xCF3},
	{0xECE, 0xECE},
	{0x10EFD, 0x10EFF},
	{0x1123F, 0x11241},
	{0x11B00, 0x11B09},
	{0x11F00, 0x11F10},
	{0x11F12, 0x11F3A},
	{0x11F3E, 0x11F59},
	{0x1342F, 0x1342F},
	{0x13440, 0x13455},
	{0x1B132, 0x1B132},
	{0x1B155, 0x1B155},
	{0x1D2C0, 0x1D2D3},
	{0x1DF25, 0x1DF2A},
	{0x1E030, 0x1E06D},
	{0x1E08F, 0x1E08F},
	{0x1E4D0, 0x1E4F9},
	{0x1F6DC, 0x1F6DC},
	{0x1F774, 0x1F776},
	{0x1F77B, 0x1F77F},
	{0x1F7D9, 0x1F7D9},
	{0x1FA75, 0x1FA77},
	{0x1FA87, 0x1FA88},
	{0x1FAAD, 0x1FAAF},
	{0x1FABB, 0x1FABD},
	{0x1FABF, 0x1FABF},
	{0x1FACE, 0x1FACF},
	{0x1FADA, 0x1FADB},
	{0x1FAE8, 0x1FAE8},
	{0x1FAF7, 0x1FAF8},
	{0x2B739, 0x2B739},
	{0x31350, 0x323AF},
}

// assigned151 are those that 15.1, which is Python 3.13's, assigns on top: here
// a URL that begins with one of them is not safe, which errs on the safe side.
var assigned151 = [][2]rune{{0x2FFC, 0x2FFF}, {0x31EF, 0x31EF}, {0x2EBF0, 0x2EE5D}}

func TestControlTable(t *testing.T) {
	if unicode.Version != "15.0.0" {
		t.Skipf("the lists of differences are those of Unicode 15.0, this Go has %s", unicode.Version)
	}
	done := map[string]bool{} // by all that is compared: several Djangos ran on one Python
	for _, r := range vectors.Load(t, "unicode_tables") {
		var c struct {
			Name    string    `json:"name"`
			Unicode string    `json:"unicode"`
			Ranges  [][2]rune `json:"ranges"`
		}
		r.DecodeAll(t, &c)
		if !strings.HasPrefix(c.Name, "category_C ") { // the others are tested in internal/pystr
			continue
		}
		key := c.Unicode + string(r.Raw("ranges"))
		if done[key] {
			continue
		}
		done[key] = true
		differ := map[string][][2]rune{"14.0.0": assigned15, "15.1.0": assigned151}[c.Unicode]
		for code := rune(0); code <= unicode.MaxRune; code++ {
			if 0xD800 <= code && code <= 0xDFFF {
				continue // the table leaves surrogates out
			}
			agrees := isControl(code) == contains(c.Ranges, code)
			if agrees == contains(differ, code) {
				t.Fatalf("%v: %U: isControl is %v, agrees is %v", r, code, isControl(code), agrees)
			}
		}
	}
	if len(done) == 0 {
		t.Error("no table")
	}
}

func contains(ranges [][2]rune, r rune) bool {
	i, _ := slices.BinarySearchFunc(ranges, r, func(e [2]rune, r rune) int { return int(e[1] - r) })
	return i < len(ranges) && ranges[i][0] <= r
}
