package mail_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
)

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	console, err := mail.NewConsole(mail.ConsoleConfig{Writer: &out})
	if err != nil {
		t.Fatal(err)
	}
	m := message()
	m.From, m.Subject, m.HTML = "", "Grüße", "<p>"
	m.Text += "\x1b]0;owned\a"
	if err := console.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"From: webmaster@localhost\n", "To: alice@example.com\n", "Subject: Grüße\n", "Date: ", "@localhost>\n",
		"\nclick here: " + link + "\n", "�]0;owned�\n", "(and the same in HTML, 4 bytes)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\a") {
		t.Error("a control character reached the terminal")
	}
}

// TestConsoleIsWhole: messages of several requests do not mix. The writer is
// called once for each, and never twice at a time.
func TestConsoleIsWhole(t *testing.T) {
	var calls [][]byte
	console, err := mail.NewConsole(mail.ConsoleConfig{Writer: writerFunc(func(p []byte) (int, error) {
		calls = append(calls, slices.Clone(p))
		return len(p), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { _ = console.Send(t.Context(), message()) })
	}
	group.Wait()
	for _, call := range calls {
		if bytes.Count(call, []byte(link)) != 1 {
			t.Errorf("a write of:\n%s", call)
		}
	}
	if len(calls) != 20 {
		t.Errorf("%d writes, want 20", len(calls))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "mail")
	dir, err := mail.NewDir(mail.DirConfig{Path: path, From: "The shop <shop@example.com>"})
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"first", "second", "third"} {
		m := message()
		m.From, m.Subject = "", subject
		if err := dir.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if mode := mode(t, path); mode != 0o700 {
		t.Errorf("the folder has mode %o", mode)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		if mode := mode(t, file); mode != 0o600 || filepath.Ext(file) != ".eml" {
			t.Errorf("%s has mode %o", entry.Name(), mode)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mailtest.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got.Text != message().Text || !strings.Contains(got.Header.Get("From"), "<shop@example.com>") {
			t.Errorf("got %q from %q", got.Text, got.Header.Get("From"))
		}
		subjects = append(subjects, got.Subject)
	}
	if !slices.Equal(subjects, []string{"first", "second", "third"}) {
		t.Errorf("in the order of their names the messages are %q", subjects)
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestDirLeavesNoHalves: what cannot be stored leaves nothing behind.
func TestDirLeavesNoHalves(t *testing.T) {
	path := t.TempDir()
	dir, err := mail.NewDir(mail.DirConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	m := message()
	m.Subject = "a\nBcc: eve@example.com"
	if err := dir.Send(t.Context(), m); !errors.Is(err, mail.ErrPermanent) {
		t.Errorf("an injected header: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dir.Send(over, message()); !errors.Is(err, context.Canceled) || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a context that is over: %v", err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := dir.Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a folder that is gone: %v, want one that passes", err)
	}
}

func TestNewRefuses(t *testing.T) {
	_, noPath := mail.NewDir(mail.DirConfig{})
	_, badFrom := mail.NewDir(mail.DirConfig{Path: t.TempDir(), From: "shop"})
	_, consoleFrom := mail.NewConsole(mail.ConsoleConfig{From: "shop\n@example.com"})
	for remedy, err := range map[string]error{
		"set DirConfig.Path": noPath, "set DirConfig.From": badFrom, "set ConsoleConfig.From": consoleFrom,
	} {
		if err == nil || !strings.Contains(err.Error(), remedy) {
			t.Errorf("got %v, want %q", err, remedy)
		}
	}
}
