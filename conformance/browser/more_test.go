package browser_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"github.com/chromedp/chromedp"
)

// showsMore checks that a block whose lines are longer than a phone is wide lets people see
// that there is more: a shadow lies at the side to which it can be moved, and at no other.
func (b *tab) showsMore(selector string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.do(chromedp.EmulateViewport(320, 640), prefer("prefers-color-scheme", scheme))
		for _, end := range []bool{false, true} {
			b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const e = document.querySelector(%q)
				e.scrollIntoView({block: 'center', behavior: 'instant'}); e.scrollLeft = %t ? e.scrollWidth : 0 })()`, selector, end)))
			if !evaluate[bool](b, fmt.Sprintf(`(e => e.scrollWidth > e.clientWidth)(document.querySelector(%q))`, selector)) {
				b.t.Fatalf("%s has no line that is longer than the phone is wide", selector)
			}
			picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				b.t.Fatal(err)
			}
			seen, err := png.Decode(bytes.NewReader(picture))
			if err != nil {
				b.t.Fatal(err)
			}
			// Half way down the padding at the top, where there are no letters.
			at := func(side string) image.Point {
				return image.Pt(int(evaluate[float64](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().%s`, selector, side))),
					int(evaluate[float64](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().top`, selector)))+9)
			}
			left, right := at("left").Add(image.Pt(6, 7)), at("right").Add(image.Pt(-4, 7))
			middle := image.Pt((left.X+right.X)/2, left.Y)
			shadow := func(p image.Point) bool { return seen.At(p.X, p.Y) != seen.At(middle.X, middle.Y) }
			if shadow(left) != end || shadow(right) == end {
				b.t.Errorf("%s, %s, moved to the end: %t: a shadow at the left: %t, at the right: %t", selector, scheme, end, shadow(left), shadow(right))
			}
		}
	}
	b.do(chromedp.EmulateViewport(1280, 800))
}
