package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestCompletion types in real shells on a terminal: half a command and a tab, and what the
// completed command prints.
func TestCompletion(t *testing.T) {
	for shell, start := range map[string][]string{
		"bash": {"--norc", "--noprofile", "-i"},
		"zsh":  {"-f", "-i"},
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			session := openShell(t, shell, start)
			const plan = "  coatcheck.0001_initial"
			session.types("coatcheck --vers\t\n", " go1.")
			session.types("coatcheck vers\t\n", " go1.")
			session.types("coatcheck migrate --pla\t --database sqlite::memory:\n", plan)
			session.types("coatcheck pwned verify leak\t\n", "open leaked.filter")
			session.types("coatcheck migrate --plan --database sqlite::memory: --user-id int\t\n", plan)
			session.types("coatcheck migrate --plan --database sqlite::memory: --user-id=int\t\n", plan)
			session.types("coatcheck migrate --plan --config conf\t\n", plan)
		})
	}
}

// shellSession is a shell on a terminal.
type shellSession struct {
	t      *testing.T
	master *os.File
	shown  output
}

// openShell starts a shell in a folder with a config file, and loads the completion.
func openShell(t *testing.T, shell string, start []string) *shellSession {
	t.Helper()
	path := testenv.Shell(t, shell)
	dir := t.TempDir()
	script, errs, status := command(t, dir, "completion", shell)
	if status != exitOK {
		t.Fatal(errs)
	}
	for name, text := range map[string]string{
		"script": script, "config.json": `{"database": "sqlite::memory:"}`, "leaked.filter": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	master, slave := openTerminal(t)
	cmd := exec.CommandContext(t.Context(), path, start...)
	cmd.Dir, cmd.Env = dir, environment("TERM=dumb", "PS1=", "HOME="+dir, "COLUMNS=200")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	s := &shellSession{t: t, master: master}
	go func() {
		chunk := make([]byte, 4096)
		for {
			n, err := master.Read(chunk)
			_, _ = s.shown.Write(chunk[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // a shell at its prompt
		_ = cmd.Wait()
	})
	load := "source ./script; echo load''ed\n"
	if shell == "zsh" {
		load = "autoload -U compinit && compinit -u -D && " + load
	}
	s.types(load, "loaded\r\n")
	return s
}

// types types a line and waits until what it prints has a text.
func (s *shellSession) types(line, want string) {
	s.t.Helper()
	before := len(s.shown.String())
	for _, part := range bytes.SplitAfter([]byte(line), []byte("\t")) {
		if _, err := s.master.Write(part); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // zsh asks for more than a pasted text
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		_, printed, _ := strings.Cut(s.shown.String()[before:], "\n") // the first line is what was typed
		if strings.Contains(printed, want) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%q does not print %q: %q", line, want, s.shown.String()[before:])
		}
	}
}

// TestCompletionInFish asks a real fish.
func TestCompletionInFish(t *testing.T) {
	fish := testenv.Shell(t, "fish")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"coatcheck vers":                  "version",
		"coatcheck pwned b":               "build",
		"coatcheck serve --gua":           "--guard",
		"coatcheck serve --guard cross":   "cross-origin",
		"coatcheck serve --guard=cross":   "--guard=cross-origin",
		"coatcheck migrate --config site": "site.json",
		"coatcheck serve site":            "",
		"coatcheck pwned verify site":     "site.json",
	} {
		cmd := exec.CommandContext(t.Context(), fish, "--no-config", "-c", "coatcheck completion fish | source; complete -C '"+line+"'")
		cmd.Dir, cmd.Env = dir, environment("HOME="+dir)
		out, err := cmd.CombinedOutput()
		if got, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t"); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", line, out, err, want)
		}
	}
}
