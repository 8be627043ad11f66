package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pageFile = "../docs/performance.md"

// TestPage writes the numbers between their two lines, and leaves the rest alone.
func TestPage(t *testing.T) {
	before, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, before, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := []Row{rowOf(quiet, 1, 1, 2), rowOf(flooded, 2, 30, 40)}
	if err := updatePage(file, []string{"Date: some day"}, rows, judgeAll(rows)); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	outside := func(text []byte) string {
		head, rest, _ := strings.Cut(string(text), pageBegin)
		_, tail, _ := strings.Cut(rest, pageEnd)
		return head + tail
	}
	if !strings.Contains(string(after), "some day") || outside(after) != outside(before) {
		t.Errorf("the page is now\n%s", after)
	}
	if err := os.WriteFile(file, []byte("a page"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := updatePage(file, nil, nil, nil); err == nil {
		t.Error("a page without the two lines was written")
	}
}

// TestPageShowsPlots: each plot is on the page, and each mode of the page is measured.
func TestPageShowsPlots(t *testing.T) {
	text, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	plots, err := filepath.Glob(filepath.Join(filepath.Dir(pageFile), "performance", "*.svg"))
	if err != nil || len(plots) == 0 {
		t.Fatalf("no plots: %v", err)
	}
	for _, plot := range plots {
		if name := filepath.Base(plot); !strings.Contains(string(text), "](performance/"+name+")") {
			t.Errorf("the page does not show %s", name)
		}
	}
	all := groups(options{Tables: 1_000_000})
	for _, m := range modes {
		target := Target{Name: m.name, Group: m.group, Case: m.server, Load: m.load, Most: 1}
		if err := checkTargets([]Target{target}, all); err != nil {
			t.Error(err)
		}
	}
}
