package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/password/pwned"
)

// TestPwnedBuildCancelled: Ctrl-C ends it, even where the input hangs, and leaves
// nothing behind.
func TestPwnedBuildCancelled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "coatcheck", "pwned", "build", "-")
	var errs output
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(), &errs
	list, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Enough for a file of what does not stay in memory.
	word := "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\n"
	if _, err := io.WriteString(list, strings.Repeat(word, 100_000)); err != nil {
		t.Fatal(err)
	}
	files := func() int {
		found, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	wait(t, "both temporary files are there", func() bool { return files() == 2 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || errs.String() != "\ncoatcheck: operation cancelled\n" {
		t.Errorf("%v: %q", err, errs.String())
	}
	if n := files(); n != 0 {
		t.Errorf("%d files are left behind", n)
	}
}

// TestServePwned: people who sign up are told, and a filter that is gone wrong
// lets nobody through.
func TestServePwned(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pwned.filter")
	_, err := pwned.Build(t.Context(), pwned.Config{In: strings.NewReader("battery staple\ncorrect horse"), Plain: true, Out: path})
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, nil, "--pwned-filter", path)
	v := p.visitor()
	got := v.post("/accounts/signup/", credentials("alice", "battery staple"))
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "has appeared in a data leak") {
		t.Errorf("a leaked password: %d %s", got.status, got.body)
	}
	if got := v.post("/accounts/signup/", credentials("alice", "tin of soup")); got.status != http.StatusCreated {
		t.Errorf("another password: %d %s", got.status, got.body)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if got := v.post("/accounts/signup/", credentials("bob", "correct horse")); got.status != http.StatusServiceUnavailable {
		t.Errorf("a broken filter: %d %s", got.status, got.body)
	}
}
