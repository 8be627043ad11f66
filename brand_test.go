package coatcheck_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
)

// drawing is a logo with the site's name in it, 4 times as wide as high; symbol is one without.
const (
	drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 100"><path d="M0 0h400v100z"/></svg>`
	symbol  = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M0 0h100v100z"/></svg>`
)

// branded serves a site at its pages, and returns a visitor.
func branded(t *testing.T, change func(*coatcheck.SiteOptions)) *client {
	t.Helper()
	c := testConfig(t)
	c.Site.Name, c.Web.AllowedHosts = "Ada & Co", []string{"127.0.0.1"}
	change(&c.Site)
	site, err := coatcheck.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site.Handler(site.Views))
	t.Cleanup(server.Close)
	return newClient(t, server)
}

// show returns a page as a browser gets it.
func (c *client) show(path string, header ...string) (*http.Response, string) {
	return c.do("GET", path, "", append(header, "Accept", "text/html")...)
}

// find returns what a pattern finds in a page.
func find(t *testing.T, body, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("the page has nothing like %s:\n%s", pattern, body)
	}
	return found[1]
}

const stylesheet = `<link rel="stylesheet" href="([^"]+)">`

// TestBrandStylesheet: the accent is in the stylesheet, whose address and tag change with it, and
// no page has a style in itself.
func TestBrandStylesheet(t *testing.T) {
	styles := map[string]bool{}
	for _, accent := range []string{"", "#0a58ca", "#8a1c7c"} {
		visitor := branded(t, func(s *coatcheck.SiteOptions) { s.Accent = accent })
		page, body := visitor.show("/accounts/login/")
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self';") ||
			strings.Contains(body, "<style") || strings.Contains(body, "style=") {
			t.Errorf("%s: a page with styles in it, or a policy that lets it: %q", accent, policy)
		}
		address := find(t, body, stylesheet)
		css, text := visitor.show(address)
		if css.StatusCode != http.StatusOK || !strings.Contains(css.Header.Get("Cache-Control"), "immutable") ||
			css.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: the stylesheet: %d %v", accent, css.StatusCode, css.Header)
		}
		if styles[address] || styles[css.Header.Get("ETag")] {
			t.Errorf("%s: the stylesheet is at the address, or has the tag, of another one", accent)
		}
		styles[address], styles[css.Header.Get("ETag")] = true, true
		_, own, _ := strings.Cut(text, "forced-colors")
		if accent != "" && !strings.Contains(own, "\n:root { --accent: "+accent+"; ") || accent == "" && strings.Contains(own, ":root") {
			t.Errorf("%s: the stylesheet ends by %s", accent, own)
		}
		icon := "fill=%22" + strings.ReplaceAll(accent, "#", "%23")
		if !strings.Contains(find(t, body, `<link rel="icon" href="([^"]+)">`), icon) {
			t.Errorf("%s: the icon has another colour", accent)
		}
	}
}

// TestBrandRefusals: the pages of the middleware, which have the stylesheet in them, have the
// site's colours, its logo and where to get help, and their policy lets them.
func TestBrandRefusals(t *testing.T) {
	for name, logo := range map[string]string{"small": drawing, "large": drawing + "<!--" + strings.Repeat("x", 9<<10) + "-->"} {
		visitor := branded(t, func(s *coatcheck.SiteOptions) {
			s.Accent, s.Support, s.Logo = "#0a58ca", "mailto:help@shop.example", []byte(logo)
		})
		page, body := visitor.show("/accounts/login/", "Host", "other.example")
		if page.StatusCode != http.StatusBadRequest {
			t.Fatalf("%s: %d", name, page.StatusCode)
		}
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
		if style == nil || !strings.Contains(style[1], "--accent: #0a58ca;") {
			t.Fatalf("%s: the page has another style:\n%s", name, body)
		}
		sum := sha256.Sum256([]byte(style[1]))
		hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self' "+hash+";") ||
			!strings.Contains(policy, "img-src 'self' data:;") {
			t.Errorf("%s: the policy is %q, and the hash of the style %s", name, policy, hash)
		}
		if !strings.Contains(body, `<a href="mailto:help@shop.example">Get help</a>`) {
			t.Errorf("%s: the page lacks where to get help:\n%s", name, body)
		}
		want, other := `<img src="data:image/svg&#43;xml;base64,`, `<span>Ada &amp; Co</span>`
		if name == "large" {
			want, other = other, "<img"
		}
		if !strings.Contains(body, want) || strings.Contains(body, other) || strings.Contains(body, "<svg") {
			t.Errorf("%s: the page lacks %s, or has %s or our ticket:\n%s", name, want, other, body)
		}
	}
}

// TestBrandLogo: what is at the top of a page, with the size that it will have, and the file, by
// an address that changes with it and by one that stays.
func TestBrandLogo(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 32, 32))); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		logo, kind, top string
		zipped          bool
	}{
		"logo.svg": {drawing, "image/svg+xml", `" width="112" height="28" alt="Ada &amp; Co"></a>`, true},
		"logo.png": {picture.String(), "image/png", `" width="28" height="28" alt=""><span>Ada &amp; Co</span></a>`, false},
	} {
		visitor := branded(t, func(s *coatcheck.SiteOptions) { s.Logo, s.ScriptName = []byte(tt.logo), "/shop" })
		page, body := visitor.show("/accounts/login/")
		address := find(t, body, `<a class="brand" href="/shop/"><img src="(/shop/accounts/static/logo\.[0-9a-f]{16}\.[a-z]+)`+regexp.QuoteMeta(tt.top))
		icon := find(t, body, `<link rel="icon" href="([^"]+)">`)
		if (icon == address) != (name == "logo.png") {
			t.Errorf("%s: the icon is %s", name, icon)
		}
		if !strings.Contains(page.Header.Get("Content-Security-Policy"), "img-src 'self' data:") {
			t.Errorf("%s: the policy refuses the logo", name)
		}
		for path, caching := range map[string]string{
			address: "public, max-age=31536000, immutable", "/shop/accounts/static/" + name: "public, max-age=86400",
		} {
			file, text := visitor.show(path, "Accept-Encoding", "identity")
			for header, want := range map[string]string{
				"Content-Type": tt.kind, "Cache-Control": caching, "X-Content-Type-Options": "nosniff", "Set-Cookie": "",
				"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
			} {
				if got := file.Header.Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", path, header, got, want)
				}
			}
			if file.StatusCode != http.StatusOK || text != tt.logo {
				t.Errorf("%s: %d, %d bytes", path, file.StatusCode, len(text))
			}
			if again, _ := visitor.show(path, "Accept-Encoding", "identity", "If-None-Match", file.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s: %d for a client that has it", path, again.StatusCode)
			}
			zipped, _ := visitor.show(path, "Accept-Encoding", "gzip")
			if got := zipped.Header.Get("Content-Encoding") == "gzip"; got != tt.zipped {
				t.Errorf("%s: compressed %v", path, got)
			}
		}
	}
}

// TestBrandSupport: where to get help is in the foot of each page, in the visitor's language, with
// one language too; a site without it has no such link, and no logo's address.
func TestBrandSupport(t *testing.T) {
	helped := branded(t, func(s *coatcheck.SiteOptions) {
		s.Support, s.Logo = "https://shop.example/help/?a=1&b=2", []byte(symbol)
	})
	plain := branded(t, func(*coatcheck.SiteOptions) {})
	for _, path := range []string{
		"/accounts/login/", "/accounts/signup/", "/accounts/language/", "/nothing-here/", "/accounts/logout/", "/accounts/password_reset/done/",
	} {
		for language, label := range map[string]string{"en": "Get help", "de": "Hilfe", "fr": "Obtenir de l’aide", "es": "Obtener ayuda", "ja": "ヘルプ"} {
			link := `<p class="support"><a href="https://shop.example/help/?a=1&amp;b=2">` + label + `</a></p></footer>`
			if _, body := helped.show(path, "Accept-Language", language); strings.Count(body, link) != 1 {
				t.Errorf("%s in %s lacks %s:\n%s", path, language, link, body)
			}
		}
		if _, body := plain.show(path); strings.Contains(body, "support") || strings.Contains(body, "<img") || !strings.Contains(body, "<svg viewBox") {
			t.Errorf("%s of a site without settings:\n%s", path, body)
		}
	}
	if response, _ := plain.show("/accounts/static/logo.png"); response.StatusCode != http.StatusNotFound {
		t.Errorf("a logo that is not there: %d", response.StatusCode)
	}
	if response, _ := plain.show("/accounts/static/"); response.StatusCode != http.StatusNotFound {
		t.Errorf("a file without a name: %d", response.StatusCode)
	}
}

// TestBrandIsRefused: New returns what is wrong, and what to write instead.
func TestBrandIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*coatcheck.SiteOptions){
		"coatcheck: Config.Site.Accent (--site-accent) is #fc0, whose contrast": func(s *coatcheck.SiteOptions) { s.Accent = "#fc0" },
		"The nearest shade that has it is #876c00":                              func(s *coatcheck.SiteOptions) { s.Accent = "#fc0" },
		"coatcheck: Config.Site.Logo (--site-logo) is none of SVG, PNG":         func(s *coatcheck.SiteOptions) { s.Logo = []byte("GIF89a") },
		"write an address such as https://shop.example/help/":                   func(s *coatcheck.SiteOptions) { s.Support = "/help/" },
	} {
		c := testConfig(t)
		spoil(&c.Site)
		if _, err := coatcheck.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
