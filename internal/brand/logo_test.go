package brand_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/brand"
)

// encodePNG returns a picture of that size.
func encodePNG(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Pictures of Chromium's, each of another kind and size: lossy 40×20, lossless 90×30, and 33×66 with
// transparency, which has the long header.
const (
	lossy    = "UklGRj4AAABXRUJQVlA4IDIAAAAwAwCdASooABQAP3G202G0ryqmJWgCkC4JZwDQkA8KmggAAP7gtjvt0l0uY+7+kQAAAA=="
	lossless = "UklGRh4AAABXRUJQVlA4TBEAAAAvWUAHAAfQslK0q/+BiOh/AAA="
	extended = "UklGRngAAABXRUJQVlA4WAoAAAAQAAAAIAAAQQAAQUxQSBcAAAABDzCAERGCaNqG/f/wXNz0ZET/o8jyHABWUDggOgAA" +
		"ALADAJ0BKiEAQgA/cbjXZDSvK6aiKAKQLglnANSMBjuN9dKtAFUAAP7gt6bn8YTSWQojsq6q5cxAAAA="
)

func decode(t *testing.T, text string) []byte {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// svg is a drawing of that size, with something in it.
func svg(size, inside string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="` + size + `">` + inside +
		`</svg>`)
}

// harmless is what drawings have.
const harmless = `<metadata xmlns:x="https://inkscape.example/" x:file="C:\logo.png"/>
<style>@media (prefers-color-scheme: dark) { path { fill: url( "#shade" ) } }</style>
<linearGradient id="shade"/><path fill="url(#shade)" d="M0 0"/><use xlink:href="#shade"/>
<image href="data:image/png;base64,AAAA"/><animate attributeName="opacity" values="0;1"/>`

// TestLogo: the size in which a logo is shown, and what it is.
func TestLogo(t *testing.T) {
	for name, tt := range map[string]struct {
		file          []byte
		is            string
		width, height int
		wordmark      bool
		inEmails      bool
	}{
		"a small symbol": {encodePNG(t, 16, 16), "logo.png image/png", 28, 28, false, true},
		"a wide PNG":     {encodePNG(t, 400, 100), "logo.png image/png", 112, 28, true, true},
		"a wider PNG":    {encodePNG(t, 1600, 160), "logo.png image/png", 160, 16, true, true},
		"twice as wide":  {encodePNG(t, 64, 32), "logo.png image/png", 56, 28, false, true},
		"lossy WebP":     {decode(t, lossy), "logo.webp image/webp", 56, 28, false, false},
		"lossless WebP":  {decode(t, lossless), "logo.webp image/webp", 84, 28, true, false},
		"extended WebP":  {decode(t, extended), "logo.webp image/webp", 14, 28, false, false},
		"SVG":            {svg("0,0 , 320\n100", harmless), "logo.svg image/svg+xml", 90, 28, true, false},
	} {
		b, err := brand.New(brand.Settings{Logo: tt.file})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		l := b.Logo
		if got := l.Name + " " + l.Type; got != tt.is || l.Text != string(tt.file) {
			t.Errorf("%s is %s", name, got)
		}
		if l.Width != tt.width || l.Height != tt.height || l.Wordmark != tt.wordmark {
			t.Errorf("%s: %d by %d, wordmark %v, want %d by %d, %v", name, l.Width, l.Height, l.Wordmark,
				tt.width, tt.height, tt.wordmark)
		}
		if l.InEmails() != tt.inEmails {
			t.Errorf("%s: in emails %v", name, l.InEmails())
		}
	}
	if brand.Ours().Logo.InEmails() {
		t.Error("no logo is in emails")
	}
}

// TestLogoIsRefused: what is no picture, not whole or too large, and drawings that do more than
// show themselves.
func TestLogoIsRefused(t *testing.T) {
	whole := encodePNG(t, 64, 32)
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":          {[]byte{}, "is none of SVG, PNG and WebP"},
		"text":             {[]byte("our logo"), "is none of SVG, PNG and WebP"},
		"JPEG":             {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "is none of SVG, PNG and WebP"},
		"a page":           {[]byte("<!DOCTYPE html><html></html>"), "is XML and no SVG"},
		"another svg":      {[]byte("<svg viewBox='0 0 1 1'/>"), "is XML and no SVG"},
		"a large file":     {append(bytes.Clone(whole), make([]byte, 100<<10)...), "has 101 kB; a logo has 100 kB at most"},
		"a large picture":  {encodePNG(t, 2049, 1100), "is 2049 by 1100 pixels; make it 2048 by 2048 at most"},
		"a strip":          {encodePNG(t, 300, 10), "would be 160 by 5 pixels"},
		"a column":         {encodePNG(t, 10, 30), "would be 9 by 28 pixels"},
		"half a PNG":       {whole[:len(whole)-20], "is a PNG that is broken"},
		"a PNG's header":   {whole[:10], "is a PNG that is broken"},
		"half a WebP":      {decode(t, lossy)[:40], "is a WebP that is broken"},
		"a WebP's header":  {decode(t, lossy)[:12], "is a WebP that is broken"},
		"an unknown WebP":  {bytes.Replace(decode(t, lossy), []byte("VP8 "), []byte("VP9 "), 1), "is a WebP that is broken"},
		"no size":          {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3"/>`), "is an SVG without a size; give its <svg> a viewBox"},
		"words for a size": {svg("0 0 NaN Inf", ""), "is an SVG without a size; give its <svg> a viewBox"},
		"no end":           {svg("0 0 3 3", "<g>"), "is an SVG that is broken"},
		"UTF-16":           {[]byte("\xff\xfe<\x00s\x00v\x00g\x00"), "is none of SVG, PNG and WebP"},
		"Latin-1":          {bytes.Replace(svg("0 0 3 3", "\xe4"), []byte("UTF-8"), []byte("latin1"), 1), "is none of SVG"},
	} {
		_, err := brand.New(brand.Settings{Logo: tt.file})
		if err == nil || !strings.Contains(err.Error(), "Config.Site.Logo (--site-logo) "+tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	for inside, want := range map[string]string{
		`<script>alert(1)</script>`: "with <script>",
		`<ScRiPt/>`:                 "with <ScRiPt>",
		`<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>`: "with <script>",
		`<h:b xmlns:h="http://www.w3.org/1999/xhtml"/>`:      "with <b>",
		`<foreignObject/>`:                                              "with <foreignObject>",
		`<iframe/>`:                                                     "with <iframe>",
		`<path onload="alert(1)"/>`:                                     "the event handler onload",
		`<g><g OnClick="alert(1)"/></g>`:                                "the event handler OnClick",
		`<set attributeName="onload" to="alert(1)"/>`:                   "animates onload",
		`<animate attributeName="xlink:href" to="javascript:"/>`:        "animates xlink:href",
		`<a href="javascript:alert(1)"/>`:                               `refers to "javascript:alert(1)"`,
		`<a xlink:href="https://evil.example/"/>`:                       `refers to "https://evil.example/"`,
		`<use href="other.svg#x"/>`:                                     `refers to "other.svg#x"`,
		`<image href="data:image/svg+xml;base64,AAAA"/>`:                `refers to "data:image/svg+xml`,
		`<path fill="url(https://evil.example/#x)"/>`:                   `refers to "https://evil.example/#x"`,
		`<path style="fill: URL( 'https://evil.example/' )"/>`:          `refers to "https://evil.example/"`,
		`<path style="fill: u\72l(https://evil.example/)"/>`:            `with a \ in its attributes or styles`,
		`<style>@import "https://evil.example/";</style>`:               `with "@import" in its styles`,
		`<style>@im<!-- -->port "https://evil.example/";</style>`:       `with "@import" in its styles`,
		`<style>g { fill: u<![CDATA[rl(//evil.example/)]]> }</style>`:   `refers to "//evil.example/"`,
		`<style>g { fill: image-set("//evil.example/" 1x) }</style>`:    `with "image-set(" in its styles`,
		`<style>@font-face { src: url(https://evil.example/) }</style>`: `refers to "https://evil.example/"`,
		`<g xml:base="https://evil.example/"/>`:                         `refers to "https://evil.example/"`,
		`<?xml-stylesheet href="https://evil.example/"?>`:               "with <?xml-stylesheet … ?>",
	} {
		_, err := brand.New(brand.Settings{Logo: svg("0 0 3 3", inside)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", inside, err, want)
		}
	}
	entity := bytes.Replace(svg("0 0 3 3", "&x;"), []byte(`svg11.dtd"`), []byte(`svg11.dtd" [<!ENTITY x "y">]`), 1)
	if _, err := brand.New(brand.Settings{Logo: entity}); err == nil || !strings.Contains(err.Error(), "<!DOCTYPE> declares") {
		t.Errorf("an entity: %v", err)
	}
}

// TestSupport: a link by HTTPS or to an email address, and nothing else.
func TestSupport(t *testing.T) {
	for support, want := range map[string]string{
		"": "", "https://shop.example/help/?from=login#a": "https://shop.example/help/?from=login#a",
		"mailto:help@shop.example": "help@shop.example", "mailto:a%2Bb@shop.example?subject=Help": "a+b@shop.example",
	} {
		b, err := brand.New(brand.Settings{Support: support})
		if err != nil {
			t.Errorf("%s: %v", support, err)
			continue
		}
		if b.Support != support || b.SupportText() != want {
			t.Errorf("%s: %q, in text %q, want %q", support, b.Support, b.SupportText(), want)
		}
	}
	for _, support := range []string{
		"http://shop.example/", "help@shop.example", "/help/", "//shop.example/", "javascript:alert(1)", "https://",
		"data:text/html,x", "tel:+123", "mailto:", "mailto:help", "mailto://help@shop.example", "mailto:a@b.example,c@d.example",
		"https://shop.example/ help", "https://shop.example\\@evil.example/", "https://a:b@shop.example/", "https://shop.example/\n",
	} {
		if _, err := brand.New(brand.Settings{Support: support}); err == nil ||
			!strings.Contains(err.Error(), "Config.Site.Support (--site-support) is ") {
			t.Errorf("%s: %v", support, err)
		}
	}
}

// FuzzLogo: whatever a file has in it, reading it ends, and what is accepted is small.
func FuzzLogo(f *testing.F) {
	f.Add(svg("0 0 3 3", harmless))
	f.Add([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := brand.New(brand.Settings{Logo: append([]byte{}, file...)})
		if err != nil {
			return
		}
		if l := b.Logo; l.Width < 12 || l.Width > 160 || l.Height < 12 || l.Height > 28 || l.Text != string(file) {
			t.Errorf("%d by %d", l.Width, l.Height)
		}
	})
}
