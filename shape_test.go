package coatcheck_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// The measures of the house: a package is one idea, a file one topic, a function one screen.
const (
	maxNames  = 40  // exported names of a package
	maxLines  = 400 // of a file
	maxBody   = 50  // lines of a function
	maxWidth  = 110 // columns of a line, with tabs of four
	tabSpaces = "    "
)

// wide is how many lines of a folder are wider than maxWidth, from times without that
// measure. The numbers only fall; a folder that is not here has none.
var wide = map[string]int{
	".":                         15,
	"access":                    4,
	"accounts":                  34,
	"auth":                      19,
	"auth/attempts":             5,
	"auth/backends":             2,
	"auth/hooks":                3,
	"cmd/coatcheck":             2,
	"coatchecktest":             3,
	"database":                  69,
	"database/internal/dialect": 1,
	"database/internal/schema":  1,
	"database/mysql":            15,
	"database/own":              25,
	"database/postgres":         7,
	"database/sqlite":           12,
	"i18n":                      11,
	"identity":                  4,
	"internal/djangosettings":   23,
	"internal/httptext":         6,
	"internal/pickle":           1,
	"internal/redisconn":        2,
	"internal/server":           1,
	"internal/testenv":          19,
	"internal/textfile":         1,
	"mail":                      2,
	"mail/smtp":                 4,
	"messages":                  7,
	"middleware":                90,
	"password":                  23,
	"password/pwned":            6,
	"password/validate":         3,
	"safeurl":                   1,
	"sessions":                  6,
	"sessions/cacheddb":         2,
	"sessions/cachestore":       2,
	"sessions/cachestore/redis": 9,
	"sessions/cookiestore":      1,
	"sessions/filestore":        7,
	"sessions/sessionstest":     5,
	"signing":                   1,
	"throttle":                  2,
	"throttle/redis":            1,
	"throttle/throttletest":     1,
}

// TestShape checks the measures for all code but that of tests.
func TestShape(t *testing.T) {
	faults, lines, err := checkShape(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	for folder, n := range lines {
		if n > wide[folder] {
			t.Errorf("%s: %d lines have more than %d columns, want %d at most", folder, n, maxWidth, wide[folder])
		}
	}
	for folder, n := range wide {
		if lines[folder] < n {
			t.Errorf("%s: only %d lines have more than %d columns: say so in wide", folder, lines[folder], maxWidth)
		}
	}
}

// checkShape returns what is too large in a tree of files, and how many lines of each
// folder are too wide.
func checkShape(tree fs.FS) (faults []string, wide map[string]int, err error) {
	names := map[string]int{}
	wide = map[string]int{}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		found, exported, err := checkFile(name, string(text))
		faults = append(faults, found...)
		if n := countWide(string(text)); n > 0 {
			wide[path.Dir(name)] += n
		}
		names[path.Dir(name)] += exported
		return err
	})
	for folder, n := range names {
		if n > maxNames {
			faults = append(faults, fmt.Sprintf("package %s exports %d names, want %d at most: make two of it", folder, n, maxNames))
		}
	}
	return faults, wide, err
}

// countWide counts the lines that are too wide and no rows of a table.
func countWide(text string) (n int) {
	for line := range strings.Lines(text) {
		width := utf8.RuneCountInString(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", tabSpaces))
		if width > maxWidth && !isTable(line) {
			n++
		}
	}
	return n
}

// checkFile returns what is too large in a file, and how many names it exports.
func checkFile(name, text string) (faults []string, exported int, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) > maxLines {
		faults = append(faults, fmt.Sprintf("%s has %d lines, want %d at most", name, len(lines), maxLines))
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, 0, err
	}
	for _, decl := range file.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok {
			exported += countExported(decl)
			continue
		}
		if function.Recv == nil && function.Name.IsExported() {
			exported++
		}
		if n := files.Position(function.End()).Line - files.Position(function.Pos()).Line + 1; n > maxBody {
			faults = append(faults, fmt.Sprintf("%s: %s has %d lines, want %d at most", name, function.Name, n, maxBody))
		}
	}
	return faults, exported, nil
}

// isTable reports whether a line is a row of a table: an element of a composite literal
// that stands for itself, a struct tag, or a directive. Rows stay on one line each.
func isTable(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "{") && (strings.HasSuffix(line, "},") || strings.HasSuffix(line, "}, {")) ||
		strings.HasPrefix(line, `"`) && strings.HasSuffix(line, ",") ||
		strings.HasSuffix(line, "`") || strings.HasPrefix(line, "//go:")
}

// countExported counts the exported names of a declaration that is no function.
func countExported(decl ast.Decl) (n int) {
	for _, spec := range decl.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				n++
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() {
					n++
				}
			}
		}
	}
	return n
}

// TestShapeFindsFaults: the test can fail.
func TestShapeFindsFaults(t *testing.T) {
	var many, long strings.Builder
	many.WriteString("package many\n")
	for i := range maxNames + 1 {
		fmt.Fprintf(&many, "var V%d int\n", i)
	}
	long.WriteString("package long\nfunc f() {\n" + strings.Repeat("\tf()\n", maxLines) + "}\n")
	faults, lines, err := checkShape(fstest.MapFS{
		"many/many.go":   {Data: []byte(many.String())},
		"long/long.go":   {Data: []byte(long.String())},
		"wide/wide.go":   {Data: []byte("package wide\n\n// " + strings.Repeat("x", maxWidth) + "\n")},
		"fine/fine.go":   {Data: []byte("package fine\n")},
		"fine/a_test.go": {Data: []byte("package fine\n\n// " + strings.Repeat("x", maxWidth) + "\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(faults, "\n")
	for _, want := range []string{"package many exports 41", "long/long.go has 404 lines", "long/long.go: f has 402"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if len(faults) != 3 {
		t.Errorf("%d faults:\n%s", len(faults), text)
	}
	if len(lines) != 1 || lines["wide"] != 1 {
		t.Errorf("wide lines: %v", lines)
	}
}
