package pages

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// logo is the picture of the site: at the top of pages, and in the tab of the browser.
type logo struct {
	file   static // the zero static where there is none
	inline string // the picture in a URL, for pages that stand alone; empty if it is large
	icon   string // a ticket in the colour of the site, in a URL
}

// maxInline is the largest logo that is in a page itself.
const maxInline = 8 << 10

// ticket is the icon of a site without a logo.
const ticket = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="COLOUR" ` +
	`d="M5 7h22a2 2 0 0 1 2 2v4a3 3 0 0 0 0 6v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4a3 3 0 0 0 0-6V9a2 2 0 0 1 ` +
	`2-2z"/><path stroke="#fff" stroke-width="2" stroke-dasharray="2.4 2.4" d="M20 9v14"/></svg>`

// newLogo reads the logo of a site, if it has one.
func newLogo(b *brand.Brand) (l logo) {
	l.icon = "data:image/svg+xml," + url.PathEscape(strings.Replace(ticket, "COLOUR", b.Light.Accent, 1))
	if b.Logo == nil {
		return l
	}
	l.file = newStatic(b.Logo.Name, b.Logo.Type, b.Logo.Text)
	l.file.policy = brand.Policy
	if len(b.Logo.Text) <= maxInline {
		l.inline = "data:" + b.Logo.Type + ";base64," + base64.StdEncoding.EncodeToString([]byte(b.Logo.Text))
	}
	return l
}

// show sets the logo and the icon of a page. A logo with a name in it is no icon, since nobody
// could read it at that size.
func (l logo) show(p *Page, r *http.Request, b *brand.Brand) {
	p.Icon, p.Logo, p.Support = template.URL(l.icon), b.Logo, b.Support
	if b.Logo == nil {
		return
	}
	p.LogoURL = template.URL(requestinfo.Below(r, l.file.url))
	if p.Style != "" {
		p.LogoURL = template.URL(l.inline)
	}
	if !b.Logo.Wordmark && p.LogoURL != "" {
		p.Icon = p.LogoURL
	}
}
