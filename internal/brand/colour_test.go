package brand_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/brand"
)

// variables returns the colours of both schemes in the stylesheet that the site serves.
func variables(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	css, err := os.ReadFile("../../pages/templates/style.css")
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) map[string]string {
		all := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			all[m[1]] = m[2]
		}
		return all
	}
	first, rest, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	rest, _, _ = strings.Cut(rest, "*, ::before")
	return read(first), read(rest)
}

// TestOurColours: they are those of the stylesheet.
func TestOurColours(t *testing.T) {
	light, dark := variables(t)
	ours := brand.Ours()
	for _, scheme := range []struct {
		want map[string]string
		got  brand.Shades
	}{{light, ours.Light}, {dark, ours.Dark}} {
		want := brand.Shades{
			Accent: scheme.want["accent"], Strong: scheme.want["accent-strong"], On: scheme.want["on-accent"],
			Tint: scheme.want["tint"],
		}
		if scheme.got != want {
			t.Errorf("got %v, want %v of the stylesheet", scheme.got, want)
		}
	}
	if css := ours.CSS(); css != "" {
		t.Errorf("the stylesheet gets %q", css)
	}
}

// TestContrast has examples whose ratios are published: black on white has 21, #767676 is the
// lightest grey that can be read on white, and #777777 is one that cannot.
func TestContrast(t *testing.T) {
	for pair, want := range map[[2]string]string{
		{"#000000", "#ffffff"}: "21.00", {"#ffffff", "#ffffff"}: "1.00", {"#767676", "#ffffff"}: "4.54",
		{"#777777", "#ffffff"}: "4.48", {"#0000ff", "#ffffff"}: "8.59", {"#ffffff", "#ff0000"}: "4.00",
	} {
		if got := fmt.Sprintf("%.2f", brand.Contrast(pair[0], pair[1])); got != want {
			t.Errorf("%v: %s, want %s", pair, got, want)
		}
	}
}

// TestAccent: of many colours, each is refused with a shade that is accepted, or can be read
// wherever the pages show it, in both schemes.
func TestAccent(t *testing.T) {
	light, dark := variables(t)
	random := rand.New(rand.NewPCG(15, 11))
	refused := 0
	for i := range 1000 {
		colour := fmt.Sprintf("#%06x", random.IntN(1<<24))
		if i < 9 {
			colour = []string{
				"#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#14655d", "#ffff00", "#808080", "#010101",
			}[i]
		}
		b, err := brand.New(brand.Settings{Accent: colour})
		if err != nil {
			refused++
			nearest := err.Error()[len(err.Error())-len("#000000"):]
			if b, err = brand.New(brand.Settings{Accent: nearest}); err != nil {
				t.Fatalf("for %s it advises %s: %v", colour, nearest, err)
			}
			if c := brand.Contrast(nearest, light["ground"]); c > 4.75 {
				t.Errorf("for %s it advises %s with %.2f:1, which is not the nearest", colour, nearest, c)
			}
			colour = nearest
		}
		if b.Light.Accent != colour {
			t.Errorf("%s became %s", colour, b.Light.Accent)
		}
		readable(t, colour, b.Light, light)
		readable(t, colour, b.Dark, dark)
	}
	if refused < 300 || refused > 950 {
		t.Errorf("%d of 1000 were refused", refused)
	}
}

// readable checks every pair of a text and what is behind it that pages have.
func readable(t *testing.T, of string, s brand.Shades, others map[string]string) {
	t.Helper()
	for name, pair := range map[string][2]string{
		"a link on the page": {s.Accent, others["ground"]}, "a link on a card": {s.Accent, others["paper"]},
		"a link below the pointer": {s.Strong, others["ground"]}, "that on a card": {s.Strong, others["paper"]},
		"the text of a button": {s.On, s.Accent}, "that below the pointer": {s.On, s.Strong},
		"a link in a notice": {s.Accent, s.Tint}, "the place in the menu": {s.Strong, s.Tint},
		"the text of a notice": {others["ink"], s.Tint}, "the link for closing": {others["bad"], s.Tint},
	} {
		if c := brand.Contrast(pair[0], pair[1]); c < 4.5 {
			t.Errorf("%s: %s is %s on %s, %.2f:1", of, name, pair[0], pair[1], c)
		}
	}
}

// TestAccentIsRefused: the sentence has the ratio, and a shade that is accepted.
func TestAccentIsRefused(t *testing.T) {
	for accent, want := range map[string]string{
		"#ffcc00": "Config.Site.Accent (--site-accent) is #ffcc00, whose contrast with the background #f5f2ec " +
			"of the pages is 1.35:1; text needs 4.5:1 (WCAG 2, 1.4.3). The nearest shade that has it is #876c00",
		"teal": `is "teal"; write a colour such as #14655d`, "#14655": "write a colour", "14655d": "write a colour",
		"#14655g": "write a colour", "#14655d;}": "write a colour", "#FC0": "The nearest shade that has it is #876c00",
	} {
		if _, err := brand.New(brand.Settings{Accent: accent}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", accent, err, want)
		}
	}
}

// TestCSS: colours in other spellings become one, and both schemes get theirs.
func TestCSS(t *testing.T) {
	b, err := brand.New(brand.Settings{Accent: "#06C"})
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^\n:root \{ --accent: #0066cc; --accent-strong: #[0-9a-f]{6}; --on-accent: #ffffff; ` +
		`--tint: #[0-9a-f]{6}; \}\n@media \(prefers-color-scheme: dark\) \{ :root \{ --accent: #[0-9a-f]{6}; ` +
		`--accent-strong: #[0-9a-f]{6}; --on-accent: #15191a; --tint: #[0-9a-f]{6}; \} \}\n$`)
	if !want.MatchString(b.CSS()) {
		t.Errorf("got %q", b.CSS())
	}
}
