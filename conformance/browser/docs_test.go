package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/docs"
	"github.com/coatcheck/coatcheck/internal/docsite"
	"github.com/coatcheck/coatcheck/views"
)

// TestDocs looks at pages of the documentation: each kind of part, a search, and what is missing.
func TestDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Views.DocsPath = docsite.Path })
	pages, err := docsite.New(site.Views.Kit, docs.Files)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(docsite.Path, pages)
	mux.Handle(views.Path, site.Views)
	server := httptest.NewServer(site.Handler(mux))
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	for name, path := range map[string]string{
		"docs": "/docs/", "docs-flow": "/docs/flow", "docs-reference": "/docs/reference", "docs-performance": "/docs/performance",
		"docs-library": "/docs/library", "docs-search": "/docs/?q=session+cookie", "docs-missing": "/docs/nothing",
	} {
		b.open(path)
		b.inspect(name)
	}
}
