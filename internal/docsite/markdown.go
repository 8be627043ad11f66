package docsite

import (
	"bytes"
	"html/template"
	"path"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// repository is where files are that no page of the site shows.
const repository = "https://github.com/coatcheck/coatcheck/blob/main/"

// markdown reads and renders GitHub's Markdown. HTML in it is left out.
var markdown = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.Table, extension.Strikethrough,
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(parts{}, 100))),
	)
})

// heading is a heading of a page, for the table of contents.
type heading struct {
	ID, Text string
	Deep     bool // it is below another one
}

// rendered is a page in HTML.
type rendered struct {
	HTML     template.HTML
	Headings []heading // but the first, the title
}

// render renders a page.
func render(source []byte) *rendered {
	root := markdown().Parser().Parse(text.NewReader(source))
	out := &rendered{Headings: prepare(root, source)}
	var b bytes.Buffer
	if err := markdown().Renderer().Render(&b, source, root); err != nil {
		panic(err) // memory does not fail
	}
	out.HTML = template.HTML(b.String())
	return out
}

// prepare names the headings and leads the links of a page to where they are on this site. It
// returns the headings.
func prepare(root ast.Node, source []byte) (all []heading) {
	seen := map[string]int{}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // which returns none
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			name := plainText(n, source)
			id := anchor(name, seen)
			n.SetAttributeString("id", []byte(id))
			if n.Level > 1 {
				all = append(all, heading{id, name, n.Level > 2})
			}
		case *ast.Link:
			n.Destination = []byte(linkTo(string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
	return all
}

// plainText is the text of a node without its form.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // which returns none
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(util.UnescapePunctuations(n.Segment.Value(source)))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(source))
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor returns the name of a heading in an address, as GitHub has it. A name that was there
// before gets a number.
func anchor(text string, seen map[string]int) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
	n := seen[id]
	if seen[id]++; n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// linkTo returns where a link of a page leads, relative to its address: pages and pictures are on
// this site, below whatever path it is mounted, and other files are in the repository.
func linkTo(target string) string {
	if strings.Contains(target, ":") || strings.HasPrefix(target, "#") {
		return target
	}
	file, fragment, found := strings.Cut(target, "#")
	if found {
		fragment = "#" + fragment
	}
	if strings.HasPrefix(file, "../") {
		return repository + path.Join("docs", file) + fragment
	}
	name, isPage := strings.CutSuffix(file, ".md")
	if isPage && name == firstPage {
		return "./" + fragment
	}
	return name + fragment
}
