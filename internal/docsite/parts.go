package docsite

import (
	"fmt"
	"html"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// parts renders what looks other here than goldmark has it: headings that can be linked to, and
// code and tables, which scroll in boxes of their own.
type parts struct{}

// RegisterFuncs implements [renderer.NodeRenderer].
func (p parts) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, p.heading)
	r.Register(ast.KindFencedCodeBlock, p.code)
	r.Register(ast.KindCodeBlock, p.code)
	r.Register(extast.KindTable, p.table)
	r.Register(extast.KindTableCell, p.cell)
}

func (parts) heading(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	of := n.(*ast.Heading)
	value, _ := of.AttributeString("id")
	id, _ := value.([]byte)
	name := html.EscapeString(string(id))
	switch {
	case entering:
		fmt.Fprintf(w, `<h%d id="%s">`, of.Level, name)
	case of.Level == 1:
		fmt.Fprint(w, "</h1>\n")
	default:
		fmt.Fprintf(w, ` <a class="here" href="#%s" aria-label="Link to: %s">#</a></h%d>`+"\n", name,
			html.EscapeString(plainText(n, source)), of.Level)
	}
	return ast.WalkContinue, nil
}

func (parts) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language := ""
	if block, ok := n.(*ast.FencedCodeBlock); ok {
		language = string(block.Language(source))
	}
	label := "Code"
	if language != "" {
		label += ", " + language
	}
	fmt.Fprintf(w, `<pre tabindex="0" role="group" aria-label="%s"><code>`, html.EscapeString(label))
	lines := n.Lines()
	var text []byte
	for i := range lines.Len() {
		line := lines.At(i)
		text = append(text, line.Value(source)...)
	}
	highlight(w, language, string(text))
	fmt.Fprint(w, "</code></pre>\n")
	return ast.WalkSkipChildren, nil
}

func (parts) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		fmt.Fprint(w, `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>`+"\n")
	} else {
		fmt.Fprint(w, "</table></div>\n")
	}
	return ast.WalkContinue, nil
}

// cell has its alignment by a class, since the policy of the pages forbids styles in them. The
// empty cell above the names of rows is no header, which would say nothing.
func (parts) cell(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	tag, class := "td", ""
	if n.Parent().Kind() == extast.KindTableHeader && n.HasChildren() {
		tag = "th"
	}
	if n.(*extast.TableCell).Alignment == extast.AlignRight {
		class = ` class="right"`
	}
	if entering {
		fmt.Fprintf(w, "<%s%s>", tag, class)
	} else {
		fmt.Fprintf(w, "</%s>\n", tag)
	}
	return ast.WalkContinue, nil
}
