package main

import (
	"fmt"
	"io"
	"os"

	"github.com/coatcheck/coatcheck"
)

// siteFlags say how the site shows that it is itself.
type siteFlags struct {
	Name    string `group:"server" name:"site-name" default:"Coatcheck" help:"Name on the pages."`
	Logo    string `group:"server" name:"site-logo" placeholder:"FILE" help:"Logo at the top of the pages, SVG, PNG or WebP, of 100 kB at most. It is read at the start."`
	Accent  string `group:"server" name:"site-accent" placeholder:"COLOUR" help:"Colour of links and buttons, #14655d for instance. It must have a contrast of 4.5:1 with the light background of the pages; browsers in dark mode get a lighter shade."`
	Support string `group:"server" name:"site-support" placeholder:"URL" help:"Where visitors get help, https://shop.example/help/ or mailto:help@shop.example, for a link in the foot of pages and emails."`
}

// maxLogo is how much of a file is read: more than a logo may have, so that the sentence about
// one that is too large names its size.
const maxLogo = 4 << 20

// apply configures the site.
func (f *siteFlags) apply(c *coatcheck.Config) error {
	c.Site.Name, c.Site.Accent, c.Site.Support = f.Name, f.Accent, f.Support
	if f.Logo == "" {
		return nil
	}
	file, err := os.Open(f.Logo)
	if err != nil {
		return fmt.Errorf("--site-logo: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was read only
	if c.Site.Logo, err = io.ReadAll(io.LimitReader(file, maxLogo)); err != nil {
		return fmt.Errorf("--site-logo: %w", err)
	}
	return nil
}
