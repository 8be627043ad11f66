package coatcheck_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck/flow"
)

var updateCodes = flag.Bool("update-codes", false, "write docs/flow-codes.md anew")

// TestCodes: every code of the table is emitted by some place in the code, every text that
// is written as a code of one of its groups is in the table, and so is each attribute.
func TestCodes(t *testing.T) {
	faults, err := checkCodes(os.DirFS("."), flow.Codes())
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// codeUses is what a tree of files does with codes.
type codeUses struct {
	codes    map[string]flow.Meaning
	groups   map[string]bool
	folders  map[string][]string        // the folders that have a code, by code
	literals map[string]map[string]bool // all texts of a folder
	faults   []string
}

// checkCodes compares the files of a tree with the table.
func checkCodes(tree fs.FS, table []flow.Meaning) ([]string, error) {
	u := codeUses{
		codes: map[string]flow.Meaning{}, groups: map[string]bool{},
		folders: map[string][]string{}, literals: map[string]map[string]bool{},
	}
	for _, m := range table {
		u.codes[string(m.Code)] = m
		group, _, _ := strings.Cut(string(m.Code), ".")
		u.groups[group] = true
	}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == "flow": // the table itself
			return fs.SkipDir
		case entry.IsDir():
			return enter(tree, name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		return u.read(tree, name)
	})
	for _, m := range table {
		for _, name := range u.missing(m) {
			u.faults = append(u.faults, fmt.Sprintf("no place emits %s: delete it from the table", name))
		}
	}
	return u.faults, err
}

// missing returns what of a code no folder has: the code, or its attributes.
func (u *codeUses) missing(m flow.Meaning) (all []string) {
	code := string(m.Code)
	if len(u.folders[code]) == 0 {
		return []string{code}
	}
	for _, attr := range m.Attrs {
		found := slices.ContainsFunc(u.folders[code], func(folder string) bool {
			for f, texts := range u.literals { // a constant may be in a folder below
				emits := f == folder || strings.HasPrefix(f, folder+"/") || f == "pages" // for its features
				if emits && texts[attr] {
					return true
				}
			}
			return false
		})
		if !found {
			all = append(all, code+" with "+attr)
		}
	}
	return all
}

// read looks at one file.
func (u *codeUses) read(tree fs.FS, name string) error {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	files, folder := token.NewFileSet(), path.Dir(name)
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if u.literals[folder] == nil {
		u.literals[folder] = map[string]bool{}
	}
	emits := strings.Contains(string(source), `/flow"`)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			u.literals[folder][literal(n)] = true
			u.text(files.Position(n.Pos()), folder, literal(n))
		case *ast.CallExpr:
			if function, ok := n.Fun.(*ast.SelectorExpr); ok && emits && strings.EqualFold(function.Sel.Name, "emit") && len(n.Args) > 1 {
				u.call(files.Position(n.Pos()), n.Args[1], n.Args[2:])
			}
		}
		return true
	})
	return nil
}

var codeLike = regexp.MustCompile(`^([a-z_]+)\.[a-z_]+$`)

// text looks at a text that may be a code.
func (u *codeUses) text(at token.Position, folder, text string) {
	m := codeLike.FindStringSubmatch(text)
	if m == nil || !u.groups[m[1]] || strings.HasSuffix(text, ".html") {
		return
	}
	if _, ok := u.codes[text]; !ok {
		u.faults = append(u.faults, fmt.Sprintf("%s: %q is not in the table of package flow", at, text))
	}
	if folder != "inspector" { // which reads codes, and emits none
		u.folders[text] = append(u.folders[text], folder)
	}
}

// call looks at a call that emits a code. One that is no literal was one elsewhere.
func (u *codeUses) call(at token.Position, code ast.Expr, attrs []ast.Expr) {
	m, known := u.codes[literal(code)]
	if !known {
		if text := literal(code); text != "" {
			u.faults = append(u.faults, fmt.Sprintf("%s: %q is not in the table of package flow", at, text))
		}
		return
	}
	for _, arg := range attrs {
		call, ok := arg.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			continue
		}
		if name := literal(call.Args[0]); name != "" && !slices.Contains(m.Attrs, name) {
			u.faults = append(u.faults, fmt.Sprintf("%s: %s has no attribute %q in the table of package flow", at, m.Code, name))
		}
	}
}

// literal returns the text of a literal, or "".
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// TestCodesFindsFaults: the test can fail.
func TestCodesFindsFaults(t *testing.T) {
	table := []flow.Meaning{{Code: "login.done", Attrs: []string{"user"}}, {Code: "login.form"}}
	const good = `flow.Emit(ctx, "login.done", slog.String("user", id)); s.emit(ctx, "login.form")`
	for body, want := range map[string][]string{
		good:                                  nil,
		good + `; t.Emit(ctx, "login.dome")`:  {`a/a.go:2:`, `"login.dome" is not in the table`},
		good + `; t.Emit(ctx, "other")`:       {`"other" is not in the table`},
		good + `; if code == "login.gone" {}`: {`"login.gone" is not in the table`},
		good + `; flow.Emit(ctx, "login.form", slog.Int("n", 1))`:                               {`login.form has no attribute "n"`},
		`flow.Emit(ctx, "login.done", slog.String("user", id))`:                                 {"no place emits login.form:"},
		`flow.Emit(ctx, "login.done"); flow.Emit(ctx, "login.form")`:                            {"no place emits login.done with user:"},
		`attrs = append(attrs, "user"); e.emit(ctx, "login.done", attrs...); x := "login.form"`: nil,
	} {
		source := "package a; import \"x/flow\"\nfunc f() { " + body + " }"
		faults, err := checkCodes(fstest.MapFS{"a/a.go": {Data: []byte(source)}}, table)
		got := strings.Join(faults, "\n")
		if err != nil || (len(want) == 0) != (got == "") {
			t.Errorf("%s: %q, %v", body, got, err)
		}
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: %q, want %q", body, got, text)
			}
		}
	}
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// TestCodesPage: docs/flow-codes.md is the table.
func TestCodesPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# The codes of the flow

What [the flow](flow.md) can tell, layer by layer. This page is made from the table in
[flow/codes.go](../flow/codes.go), by ` + "`go test . -run TestCodesPage -update-codes`" + `. A sink gets each step as an event with
the code and the attributes; the trace prints the sentence.

What refuses a request, fails, or says why nobody is signed in has a reason code as well, which is stable: a request that
was refused has exactly one. The [last table](#the-reasons) says who sees what of it, and what to do.
`)
	var layer flow.Layer
	for _, m := range flow.Codes() {
		if m.Layer != layer {
			layer = m.Layer
			fmt.Fprintf(&b, "\n## %d %s\n\n| code | attributes | reason | sentence | meaning |\n|---|---|---|---|---|\n", layer, layer)
		}
		attrs := ""
		if len(m.Attrs) > 0 {
			attrs = "`" + strings.Join(m.Attrs, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Code, attrs, quoted(m.Reason), m.Sentence, m.Doc)
	}
	b.WriteString("\n## The reasons\n\nThe verdict is that of the code: `done` where only a guard makes a refusal of it. A request " +
		"that was refused without a step\nthat says why, such as for a page that is not there, has the reason `" + flow.NotSaid +
		"`.\n\n| reason | code | verdict | the visitor sees | what to do |\n|---|---|---|---|---|\n")
	for _, m := range flow.Codes() {
		if m.Reason != "" {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", m.Reason, m.Code, m.Verdict, m.Sees, m.Remedy)
		}
	}
	if *updateCodes {
		if err := os.WriteFile("docs/flow-codes.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "docs/flow-codes.md") != b.String() {
		t.Error("docs/flow-codes.md is not the table: run go test . -run TestCodesPage -update-codes")
	}
}
