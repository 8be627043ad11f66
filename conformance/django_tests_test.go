package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDjangosTests checks that every Go test which docs/django-tests.md names is
// there, that every one of Django's has an outcome, and that the page counts right.
func TestDjangosTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/django-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile("`((?:[a-z0-9/]+\\.)?(?:Test|Fuzz|Example)[A-Za-z0-9_]+)`")
	theirs := regexp.MustCompile(`test_\w+`)
	rows, tests, answered, named := 0, 0, 0, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[2], "`test") {
			continue
		}
		rows++
		found := ours.FindAllStringSubmatch(cells[3], -1)
		none := strings.HasPrefix(strings.TrimSpace(cells[3]), "– ")
		if len(found) == 0 && !none || len(found) != strings.Count(cells[3], "`")/2 {
			t.Errorf("no answer in %q, or one that is no Go test", line)
		}
		n := len(theirs.FindAllString(cells[2], -1))
		if tests += n; !none {
			answered += n
		}
		for _, name := range found {
			named[name[1]] = true
		}
	}
	if rows < 200 || len(named) < 100 {
		t.Errorf("only %d rows and %d Go tests; is the table read right?", rows, len(named))
	}
	if says := fmt.Sprintf("Of %d\ntests %d have one.", tests, answered); !strings.Contains(string(text), says) {
		t.Errorf("docs/django-tests.md does not say %q", says)
	}
	sources := map[string]string{}
	for name := range named {
		folder, test, found := cutLast(name)
		if !found {
			folder, test = ".", name
		}
		if sources[folder] == "" {
			sources[folder] = testSources(t, filepath.Join("..", folder))
		}
		if !strings.Contains(sources[folder], "\nfunc "+test+"(") {
			t.Errorf("docs/django-tests.md names %s, which is not there", name)
		}
	}
	t.Logf("%d rows name %d Go tests", rows, len(named))
}

func cutLast(name string) (folder, test string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// testSources is the text of all tests in a folder.
func testSources(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n" + string(text))
	}
	return all.String()
}
