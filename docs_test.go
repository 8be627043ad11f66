package coatcheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedCode: every block of Go in the pages stands, line for line, in
// a file that is compiled and tested.
func TestDocumentedCode(t *testing.T) {
	var compiled strings.Builder
	for _, pattern := range []string{"example*_test.go", "coatchecktest/example_test.go", "otel/example_test.go", "examples/*/*.go"} {
		for _, file := range glob(t, pattern) {
			compiled.WriteString("\n" + flat(read(t, file)))
		}
	}
	for _, page := range append(glob(t, "docs/*.md"), "README.md", "ARCHITECTURE.md") {
		for i, block := range strings.Split(read(t, page), "```go\n")[1:] {
			code, _, closed := strings.Cut(block, "```")
			if !closed || !strings.Contains(compiled.String(), "\n"+flat(code)) {
				t.Errorf("%s: block %d is in no example:\n%s", page, i+1, code)
			}
		}
	}
}

// TestLinks: what the pages link to within the repository is there.
func TestLinks(t *testing.T) {
	for _, page := range append(glob(t, "docs/*.md"), glob(t, "*.md")...) {
		text := read(t, page)
		for i, code := range strings.Split(text, "```") {
			if i%2 == 1 {
				text = strings.Replace(text, code, "", 1)
			}
		}
		for _, part := range strings.Split(text, "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			if target, _, _ = strings.Cut(target, "#"); target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestIndex: the index of the documentation has every page.
func TestIndex(t *testing.T) {
	index := read(t, "docs/README.md")
	for _, page := range glob(t, "docs/*.md") {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

// TestGoVersion: pages that name the version of Go name that of go.mod.
func TestGoVersion(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "go.mod"), "\ngo ")
	version := strings.Join(strings.Split(rest, ".")[:2], ".")
	for page, want := range map[string]string{
		"README.md":       "Go " + version + " or later",
		"docs/install.md": "Go " + version + " or later",
		"docs/deploy.md":  "FROM golang:" + version + " ",
	} {
		if !strings.Contains(read(t, page), want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
}

// flat is text without the spaces at both ends of each line.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
