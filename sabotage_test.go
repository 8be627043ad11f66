package coatcheck_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// minSabotage is how many kinds of sabotage there are at least.
const minSabotage = 60

var (
	breaksLine  = regexp.MustCompile(`(?m)^Breaks: .+\.$`)
	testsLine   = regexp.MustCompile(`(?m)^Tests: \./(\S+|) -run '([A-Za-z0-9_|/]+)'$`)
	patchedFile = regexp.MustCompile(`(?m)^--- a/(\S+)\n\+\+\+ b/(\S+)\n`)
	hunkLine    = regexp.MustCompile(`(?m)^@@ .* @@.*\n`)
)

// TestSabotage checks, without running them, that the patches of `make sabotage` apply
// to the present code in one place only, and that the tests that they name exist.
func TestSabotage(t *testing.T) {
	patches := glob(t, "sabotage/*.patch")
	if len(patches) < minSabotage {
		t.Errorf("%d patches, want %d", len(patches), minSabotage)
	}
	for _, file := range patches {
		header, diff, _ := strings.Cut(read(t, file), "\n\n")
		if !breaksLine.MatchString(header) {
			t.Errorf(`%s: no line "Breaks: ... ." before the first empty line`, file)
		}
		targets := testsLine.FindAllStringSubmatch(header, -1)
		if len(targets) == 0 {
			t.Errorf(`%s: no line "Tests: ./pkg -run 'TestA|TestB'" before the first empty line`, file)
		}
		for _, target := range targets {
			for name := range strings.SplitSeq(target[2], "|") {
				if name, _, _ := strings.Cut(name, "/"); !hasTest(t, target[1], name) {
					t.Errorf("%s: there is no %s in ./%s", file, name, target[1])
				}
			}
		}
		checkDiff(t, file, diff)
	}
}

// hasTest reports whether the tests in the folder have a function of that name.
func hasTest(t *testing.T, folder, name string) bool {
	files, err := filepath.Glob(path.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.Contains(read(t, file), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}

// checkDiff reports hunks whose old lines are not in the file exactly once.
func checkDiff(t *testing.T, patch, diff string) {
	names := patchedFile.FindAllStringSubmatch(diff, -1)
	hunks := patchedFile.Split(diff, -1)[1:]
	if len(names) == 0 {
		t.Errorf("%s: patches no file", patch)
	}
	for i, name := range names {
		text, err := os.ReadFile(name[1])
		if err != nil || name[1] != name[2] || strings.HasSuffix(name[1], "_test.go") {
			t.Errorf("%s: may not patch %s into %s: %v", patch, name[1], name[2], err)
		}
		for _, hunk := range hunkLine.Split(hunks[i], -1)[1:] {
			if n := strings.Count("\n"+string(text), "\n"+oldLines(hunk)); n != 1 {
				t.Errorf("%s: %s has these lines %d times, want once; renew the patch:\n%s", patch, name[1], n, hunk)
			}
		}
	}
}

// oldLines returns what a hunk expects to find.
func oldLines(hunk string) string {
	var b strings.Builder
	for line := range strings.Lines(hunk) {
		if line[0] == ' ' || line[0] == '-' {
			b.WriteString(line[1:])
		}
	}
	return b.String()
}
