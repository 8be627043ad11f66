package coatcheck_test

import (
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/views"
)

// TestTemplatesDocumented: docs/templates.md names every template, and its page is the one
// that the example shows.
func TestTemplatesDocumented(t *testing.T) {
	page := read(t, "docs/templates.md")
	_, table, _ := strings.Cut(page, "## The templates that there are")
	for _, name := range views.TemplateNames() {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("docs/templates.md does not name %s", name)
		}
	}
	_, code, _ := strings.Cut(page, "```html\n")
	code, _, _ = strings.Cut(code, "```")
	if code != read(t, "testdata/templates/shop_books.html") {
		t.Errorf("docs/templates.md shows another page than the example:\n%s", code)
	}
}
