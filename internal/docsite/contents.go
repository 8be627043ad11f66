package docsite

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// firstPage is the page at Path, whose links are the order of all pages.
const firstPage = "README"

// page is a page of the documentation.
type page struct {
	Name, Title string
	source      []byte
	rendered    func() *rendered
}

// URL is its address below Path.
func (p *page) URL() string {
	if p.Name == firstPage {
		return ""
	}
	return p.Name
}

// section is a heading of the first page, and the pages below it.
type section struct {
	Title string
	Pages []*page
}

// contents are the pages.
type contents struct {
	pages    map[string]*page
	sections []section
	order    []*page // the first page, and those of the sections
}

// readContents reads the names and titles of all pages, and their order.
func readContents(files fs.FS) *contents {
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		panic(err) // of the pattern
	}
	c := &contents{pages: make(map[string]*page, len(names))}
	for _, file := range names {
		source, err := fs.ReadFile(files, file)
		if err != nil {
			panic(err) // they are embedded
		}
		p := &page{Name: strings.TrimSuffix(file, ".md"), source: source}
		title, _, _ := bytes.Cut(source, []byte("\n"))
		p.Title = strings.Trim(strings.ReplaceAll(string(title), "`", ""), "# ")
		p.rendered = sync.OnceValue(func() *rendered { return render(p.source) })
		c.pages[p.Name] = p
	}
	c.arrange()
	return c
}

// arrange orders the pages as the links of the first page are, below its headings: the words above
// the first of them lead to some.
func (c *contents) arrange() {
	first := c.pages[firstPage]
	c.order = append(c.order, first)
	root := markdown().Parser().Parse(text.NewReader(first.source))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // which returns none
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level > 1 {
				c.sections = append(c.sections, section{Title: plainText(n, first.source)})
			}
		case *ast.Link:
			name, isPage := strings.CutSuffix(string(n.Destination), ".md")
			if p := c.pages[name]; isPage && p != nil && len(c.sections) > 0 && !slices.Contains(c.order, p) {
				last := &c.sections[len(c.sections)-1]
				last.Pages = append(last.Pages, p)
				c.order = append(c.order, p)
			}
		}
		return ast.WalkContinue, nil
	})
	c.sections = slices.DeleteFunc(c.sections, func(s section) bool { return len(s.Pages) == 0 })
}

// neighbour returns the page that is some steps from another, or nil.
func (c *contents) neighbour(of *page, step int) *page {
	at := slices.Index(c.order, of)
	if at += step; of == nil || at < 0 || at >= len(c.order) {
		return nil
	}
	return c.order[at]
}
