package main

import (
	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/docs"
	"github.com/coatcheck/coatcheck/internal/docsite"
)

// docsFlag serves the documentation.
type docsFlag struct {
	Docs bool `group:"server" name:"docs" default:"true" negatable:"" help:"Serve this documentation at /docs/, and link to it; on by default. With --no-docs, links lead to the repository."`
}

// apply lets the pages of the site link to the documentation.
func (f *docsFlag) apply(c *coatcheck.Config) {
	if f.Docs {
		c.Views.DocsPath = docsite.Path
	}
}

// site returns the documentation as a part of the site, or nil without the flag.
func (f *docsFlag) site(site *coatcheck.Site) (*docsite.Site, error) {
	if !f.Docs {
		return nil, nil
	}
	return docsite.New(site.Views.Kit, docs.Files)
}
