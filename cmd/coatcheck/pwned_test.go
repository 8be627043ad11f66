package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || errs.String() != "\nOperation cancelled.\n" {
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

// TestWorkProgress: a bar on a terminal, one for each stage, and elsewhere a line
// now and then.
func TestWorkProgress(t *testing.T) {
	work := func(p *workProgress) {
		for done := range int64(5) {
			p.tell(pwned.Reading, done*1_000_000, 4_000_000)
		}
		p.tell(pwned.Building, 256, 256)
		p.end()
	}
	var bar, lines bytes.Buffer
	work(&workProgress{con: &console{err: &bar, red: true}})
	for _, want := range []string{"reading 100%", "building 100%", "256/256"} {
		if !strings.Contains(bar.String(), want) {
			t.Errorf("%q does not show %q", bar.String(), want)
		}
	}
	work(&workProgress{con: &console{err: &lines}, told: time.Now()})
	if lines.Len() > 0 {
		t.Errorf("at once: %q", &lines)
	}
	work(&workProgress{con: &console{err: &lines}})
	if lines.String() != "reading: 0%\n" {
		t.Errorf("after a while: %q", &lines)
	}
	lines.Reset()
	(&workProgress{con: &console{err: &lines}}).tell(pwned.Reading, 5_000_000, 0)
	if lines.String() != "reading: 5 MB\n" {
		t.Errorf("of a pipe: %q", &lines)
	}
}
