package main

import (
	"slices"
	"strings"
	"testing"
)

// TestHelpFitsAScreen: the help of serve is short, its flags exist, and the whole one has all.
func TestHelpFitsAScreen(t *testing.T) {
	help, errs, status := command(t, t.TempDir(), "serve", "--help")
	if n := strings.Count(help, "\n"); status != exitOK || errs != "" || n > 50 {
		t.Errorf("status %d, %d lines:\n%s%s", status, n, help, errs)
	}
	all, _, _ := command(t, t.TempDir(), "serve", "--help-all")
	names := append(serveFlags(t), "config", "help-all")
	for _, name := range names {
		if !strings.Contains(all, "--"+name) && !strings.Contains(all, "--[no-]"+name) {
			t.Errorf("--help-all has no --%s", name)
		}
	}
	for name := range commonFlags {
		if !slices.Contains(names, name) || !strings.Contains(help, "--"+name) {
			t.Errorf("the help has no --%s", name)
		}
	}
}
