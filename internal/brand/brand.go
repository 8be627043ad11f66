package brand

import (
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"unicode"
)

// Settings are those of a site. All may be empty.
type Settings struct {
	Accent  string // "#14655d"
	Logo    []byte // the contents of its file
	Support string // "https://shop.example/help/", "mailto:help@shop.example"
}

// Brand is what pages and emails show of a site's own.
type Brand struct {
	// Light and Dark are the colours of both schemes: ours, unless the site has an accent.
	Light, Dark Shades
	// Logo is nil where there is none.
	Logo *Logo
	// Support is where visitors get help, a URL with https or mailto; empty for nowhere.
	Support string

	own bool // the colours are the site's
}

// Ours is the look of a site that has no settings.
func Ours() *Brand { return &Brand{Light: ourLight, Dark: ourDark} }

// New checks the settings. Errors name the setting, and say what to write instead.
func New(s Settings) (*Brand, error) {
	b := Ours()
	var err error
	if s.Accent != "" {
		b.own = true
		if b.Light, b.Dark, err = derive(s.Accent); err != nil {
			return nil, fmt.Errorf("Config.Site.Accent (--site-accent) %w", err)
		}
	}
	if s.Logo != nil {
		if b.Logo, err = readLogo(s.Logo); err != nil {
			return nil, fmt.Errorf("Config.Site.Logo (--site-logo) %w", err)
		}
	}
	if b.Support = s.Support; !isSupport(s.Support) {
		return nil, fmt.Errorf("Config.Site.Support (--site-support) is %q; write an address such as "+
			"https://shop.example/help/ or mailto:help@shop.example", s.Support)
	}
	return b, nil
}

// CSS goes behind the stylesheet, and sets the variables of its colours. It is empty for ours.
func (b *Brand) CSS() string {
	if !b.own {
		return ""
	}
	return "\n:root { " + b.Light.variables() + " }\n@media (prefers-color-scheme: dark) { :root { " +
		b.Dark.variables() + " } }\n"
}

// SupportText is where visitors get help, in plain text: a URL, or an email address.
func (b *Brand) SupportText() string {
	u, err := url.Parse(b.Support)
	if err != nil || u.Scheme != "mailto" {
		return b.Support
	}
	return address(u)
}

// isSupport reports whether a text can be the link to where visitors get help.
func isSupport(text string) bool {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return true
	case err != nil || strings.ContainsFunc(text, func(r rune) bool {
		return r == '\\' || unicode.IsSpace(r) || unicode.IsControl(r)
	}):
		return false
	case u.Scheme == "mailto":
		parsed, err := netmail.ParseAddress(address(u))
		return err == nil && parsed.Address == address(u)
	}
	return u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}

// address returns the address of a mailto URL, without what the email is to say.
func address(u *url.URL) string {
	text, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return u.Opaque
	}
	return text
}
