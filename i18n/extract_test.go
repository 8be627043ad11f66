package i18n

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
)

// call specifies where the texts stand among the arguments of a call; -1 is nowhere.
type call struct{ text, plural, context int }

// goCalls are the functions and methods of Go programs to which texts for
// translators are given. Arguments that are no constants are left out: they were
// marked elsewhere.
var goCalls = map[string]call{
	"T": {0, -1, -1}, "N": {0, 1, -1}, "C": {1, -1, 0},
	"Mark": {0, -1, -1}, "MarkN": {0, 1, -1}, "MarkC": {1, -1, 0},
}

// templateCalls are those of templates: {{.T "…"}}, {{$.T "…"}}, {{$page.T "…"}}
// and {{t "…"}}.
var templateCalls = map[string]call{
	"T": {0, -1, -1}, "N": {0, 1, -1}, "C": {1, -1, 0}, "t": {0, -1, -1},
}

// templateEndings are those of templates.
var templateEndings = []string{".html", ".txt"}

// withoutPages are folders whose texts nobody translates.
var withoutPages = []string{"bench", "conformance", "examples", "internal/testenv", "otel"}

// text is one for translators.
type text struct {
	key    string // with its context
	counts bool
}

// TestCatalogues: each of our catalogues has every text of the program, and none
// that is nowhere in it.
func TestCatalogues(t *testing.T) {
	used, err := collect(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	if used[text{"just now", false}] == "" || used[text{"month\x04May", false}] == "" || used[text{"%(n)d day ago", true}] == "" {
		t.Fatal("the texts of this package are not found")
	}
	files, err := fs.Glob(os.DirFS("."), "locale/*/LC_MESSAGES/coatcheck.po")
	if err != nil || len(files) != 4 {
		t.Fatalf("catalogues: %q, %v", files, err)
	}
	for _, file := range files {
		has := entries(t, os.DirFS("."), file)
		for _, entry := range sorted(used) {
			if !slices.Contains(has, entry) {
				t.Errorf("%s lacks %q of %s", file, entry.key, used[entry])
			}
		}
		for _, entry := range has {
			if used[entry] == "" {
				t.Errorf("%s has %q (plural: %t), which is nowhere in the program", file, entry.key, entry.counts)
			}
		}
		checkTranslations(t, file, has)
	}
}

func sorted(used map[text]string) []text {
	return slices.SortedFunc(maps.Keys(used), func(a, b text) int { return strings.Compare(a.key, b.key) })
}

// checkTranslations: all texts are translated, in all forms, by placeholders that
// the English text has.
func checkTranslations(t *testing.T, file string, has []text) {
	t.Helper()
	c := readFile(t, file, parsePO)
	for _, entry := range has {
		forms, want := []string{c.single[entry.key]}, 1
		if entry.counts {
			forms, want = c.plural[entry.key].forms, 0
			if forms != nil {
				want = c.plural[entry.key].rule.forms
			}
		}
		if len(forms) != want {
			t.Errorf("%s: %q has %d forms, want %d", file, entry.key, len(forms), want)
		}
		for _, form := range forms {
			if form == "" || strings.TrimSpace(form) != form {
				t.Errorf("%s: %q is translated by %q", file, entry.key, form)
			}
			for _, placeholder := range placeholders(form) {
				if !slices.Contains(placeholders(entry.key), placeholder) {
					t.Errorf("%s: the translation of %q has the placeholder %q", file, entry.key, placeholder)
				}
			}
		}
	}
}

// placeholders lists "name)s" and the like.
func placeholders(text string) (all []string) {
	for _, part := range strings.Split(text, "%(")[1:] {
		name, rest, _ := strings.Cut(part, ")")
		all = append(all, name+")"+rest[:min(1, len(rest))])
	}
	return all
}

// entries are the texts of a .po file, translated or not.
func entries(t *testing.T, folder fs.FS, name string) (all []text) {
	t.Helper()
	data, err := fs.ReadFile(folder, name)
	if err != nil {
		t.Fatal(err)
	}
	// A translation into anything but "" makes the reader keep the entry.
	p := &poReader{builder: newBuilder(), seen: map[string]bool{}}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "msgstr") {
			key, counts := string(p.id), p.counts
			if p.inside {
				key = string(p.context) + contextSeparator + key
			}
			if entry := (text{key, counts}); key != "" && !slices.Contains(all, entry) {
				all = append(all, entry)
			}
		}
		if err := p.line(line); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := p.finish(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return all
}

// collect finds the texts of all Go files and templates, and the file of each.
func collect(tree fs.FS) (map[text]string, error) {
	used := map[text]string{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if base != "." && (base[0] == '.' || base[0] == '_') || base == "testdata" || slices.Contains(withoutPages, name) {
				return fs.SkipDir
			}
			return nil
		}
		var found []text
		switch {
		case path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go"):
			found, err = fromGo(tree, name)
		case slices.Contains(templateEndings, path.Ext(name)):
			found, err = fromTemplate(tree, name)
		}
		for _, entry := range found {
			used[entry] = name
		}
		return err
	})
	return used, err
}

// take reads the texts of a call from those arguments that are constants.
func (c call) take(args []*string) (text, bool) {
	at := func(i int) *string {
		if i < 0 || i >= len(args) {
			return nil
		}
		return args[i]
	}
	id, context := at(c.text), at(c.context)
	if id == nil || c.plural >= 0 && at(c.plural) == nil || c.context >= 0 && context == nil {
		return text{}, false
	}
	key := *id
	if context != nil {
		key = *context + contextSeparator + key
	}
	return text{key, c.plural >= 0}, true
}

func fromGo(tree fs.FS, name string) (found []text, err error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		called, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		function := ""
		switch f := called.Fun.(type) {
		case *ast.Ident:
			function = f.Name
		case *ast.SelectorExpr:
			function = f.Sel.Name
		}
		form, ok := goCalls[function]
		if !ok {
			return true
		}
		var args []*string
		for _, arg := range called.Args {
			args = append(args, constant(arg))
		}
		if entry, ok := form.take(args); ok {
			found = append(found, entry)
		} else if strings.HasPrefix(function, "Mark") && path.Dir(name) != "i18n" {
			err = fmt.Errorf("%s: %s takes texts in quotes", name, function)
		}
		return true
	})
	return found, err
}

// constant is a string in quotes, or several with a plus between; nil where it is
// anything else.
func constant(e ast.Expr) *string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return constant(e.X)
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return &s
		}
	case *ast.BinaryExpr:
		if a, b := constant(e.X), constant(e.Y); e.Op == token.ADD && a != nil && b != nil {
			s := *a + *b
			return &s
		}
	}
	return nil
}

func fromTemplate(tree fs.FS, name string) (found []text, err error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	set := map[string]*parse.Tree{}
	root := parse.New(name)
	root.Mode = parse.SkipFuncCheck
	if _, err := root.Parse(string(source), "", "", set); err != nil {
		return nil, err
	}
	for _, t := range set {
		found = append(found, fromNode(t.Root)...)
	}
	return found, nil
}

// fromNode finds the calls in a part of a template.
func fromNode(n parse.Node) (found []text) {
	branch := func(b *parse.BranchNode) {
		found = append(found, fromNode(b.Pipe)...)
		found = append(found, fromNode(b.List)...)
		if b.ElseList != nil {
			found = append(found, fromNode(b.ElseList)...)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			found = append(found, fromNode(child)...)
		}
	case *parse.ActionNode:
		return fromNode(n.Pipe)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			return fromNode(n.Pipe)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			found = append(found, fromCommand(command)...)
		}
	}
	return found
}

func fromCommand(c *parse.CommandNode) (found []text) {
	var names []string
	switch f := c.Args[0].(type) {
	case *parse.IdentifierNode:
		names = []string{f.Ident}
	case *parse.FieldNode:
		names = f.Ident
	case *parse.VariableNode:
		names = f.Ident
	case *parse.ChainNode:
		names = f.Field
		found = fromNode(f.Node)
	}
	var args []*string
	for _, arg := range c.Args[1:] {
		found = append(found, fromNode(arg)...)
		var s *string
		if literal, ok := arg.(*parse.StringNode); ok {
			s = &literal.Text
		}
		args = append(args, s)
	}
	if len(names) > 0 {
		if form, ok := templateCalls[names[len(names)-1]]; ok {
			if entry, ok := form.take(args); ok {
				found = append(found, entry)
			}
		}
	}
	return append(found, fromNode(c.Args[0])...)
}
