package main

import (
	"os"
	"regexp"
	"testing"
)

// TestInstallPage: docs/install.md names each file that a first run creates.
func TestInstallPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(string(page), -1) {
		for _, file := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(row[1], -1) {
			named[file[1]] = true
		}
	}
	dir := t.TempDir()
	start(t, dir, []string{"HOME=" + dir}).visitor().enter("ada", "correct horse")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			t.Errorf("the first run creates %s, and the page does not name it", entry.Name())
		}
		delete(named, entry.Name())
	}
	for file := range named {
		t.Errorf("the page names %s, and no run creates it", file)
	}
}
