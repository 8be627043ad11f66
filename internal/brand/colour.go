package brand

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Shades are the colours of one scheme, each "#rrggbb".
type Shades struct {
	Accent string // of links and buttons
	Strong string // of those that the pointer is over
	On     string // of the text on buttons
	Tint   string // of quiet areas, such as notices
}

// Our colours, as in style.css.
var (
	ourLight = Shades{"#14655d", "#0e4b45", "#ffffff", "#e3efec"}
	ourDark  = Shades{"#7fd0c5", "#a5e3da", "#0b2724", "#1f3533"}
)

// The backgrounds of both schemes, as in style.css: of the page, and of a card.
const (
	lightGround, lightPaper = "#f5f2ec", "#fffefb"
	darkGround, darkPaper   = "#15191a", "#1e2425"
	white, black            = "#ffffff", "#000000"
)

// Contrasts of a text with what is behind it.
const (
	enough = 4.5 // what text needs: WCAG 2, 1.4.3
	good   = 6   // of the shade for the dark scheme, where the site names none
)

var (
	long  = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	short = regexp.MustCompile(`^#[0-9a-f]{3}$`)
)

// derive returns the colours of both schemes. The accent is as it is in the light one, and is
// refused where it could not be read there; the dark one gets a lighter shade of it. The text of
// a button is white on the one, which is lighter than the ground, and dark on the other.
func derive(accent string) (light, dark Shades, err error) {
	colour := strings.ToLower(accent)
	if short.MatchString(colour) {
		r, g, b := colour[1:2], colour[2:3], colour[3:4]
		colour = "#" + r + r + g + g + b + b
	}
	if !long.MatchString(colour) {
		return light, dark, fmt.Errorf("is %q; write a colour such as %s", accent, ourLight.Accent)
	}
	if c := Contrast(colour, lightGround); c < enough {
		return light, dark, fmt.Errorf("is %s, whose contrast with the background %s of the pages is "+
			"%.2f:1; text needs 4.5:1 (WCAG 2, 1.4.3). The nearest shade that has it is %s",
			accent, lightGround, math.Floor(c*100)/100, toward(colour, black, lightGround, enough))
	}
	light = Shades{Accent: colour, Strong: mix(colour, black, 250), On: white, Tint: tint(colour, lightPaper)}
	dark = Shades{Accent: toward(colour, white, darkPaper, good), On: darkGround}
	dark.Strong, dark.Tint = mix(dark.Accent, white, 300), tint(dark.Accent, darkPaper)
	return light, dark, nil
}

// tint returns a paper with a little of a colour, on which the colour can still be read.
func tint(colour, paper string) string {
	for part := 140; part > 0; part -= 10 {
		if t := mix(paper, colour, part); Contrast(colour, t) >= enough {
			return t
		}
	}
	return paper
}

// toward returns the nearest shade of a colour, on its way to another one, that has a contrast
// with a background.
func toward(colour, to, background string, contrast float64) string {
	for part := range 1000 {
		if shade := mix(colour, to, part); Contrast(shade, background) >= contrast {
			return shade
		}
	}
	return to
}

// Contrast returns the ratio of two colours "#rrggbb" as WCAG 2 defines it, from 1 to 21.
func Contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// luminance returns the relative luminance of a colour, from 0 to 1, as WCAG 2 defines it.
func luminance(colour string) float64 {
	l := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		v := float64(channel(colour, i)) / 255
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}

// channel returns the red, green or blue of a colour, from 0 to 255.
func channel(colour string, i int) int {
	v, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
	if err != nil {
		panic(err) // it was checked
	}
	return int(v)
}

// mix returns a colour with so many thousandths of another one.
func mix(colour, other string, part int) string {
	var c [3]int
	for i := range c {
		c[i] = (channel(colour, i)*(1000-part) + channel(other, i)*part + 500) / 1000
	}
	return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
}

// variables are the colours in CSS.
func (s Shades) variables() string {
	return "--accent: " + s.Accent + "; --accent-strong: " + s.Strong + "; --on-accent: " + s.On +
		"; --tint: " + s.Tint + ";"
}
