package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSecretKey: which key counts, and what is said about it.
func TestSecretKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file, empty := write("a.secret", "key of the file\r\n", 0o600), write("empty", "\n", 0o600)
	open, old := write("open.secret", "key for all", 0o644), write("old", "first\n\nsecond\n", 0o600)
	for name, test := range map[string]struct {
		flags     secretFlags
		env       map[string]string
		key       string // or, where it begins with "error: ", what the error says
		fallbacks int
		warns     bool
	}{
		"file":                   {secretFlags{File: file}, nil, "key of the file", 0, false},
		"file beats SECRET_KEY":  {secretFlags{File: file}, map[string]string{"SECRET_KEY": "general"}, "key of the file", 0, false},
		"SECRET_KEY":             {secretFlags{}, map[string]string{"SECRET_KEY": "general"}, "general", 0, false},
		"our own variable first": {secretFlags{}, map[string]string{"SECRET_KEY": "general", "COATCHECK_SECRET_KEY": "ours"}, "ours", 0, false},
		"both": {
			secretFlags{File: file},
			map[string]string{"COATCHECK_SECRET_KEY": "ours"},
			"error: there is a --secret-key-file and a COATCHECK_SECRET_KEY", 0, false,
		},
		"empty":             {secretFlags{File: empty}, nil, "error: is empty", 0, false},
		"readable by all":   {secretFlags{File: open}, nil, "key for all", 0, true},
		"credential":        {secretFlags{File: open}, map[string]string{"CREDENTIALS_DIRECTORY": dir}, "key for all", 0, false},
		"no credential":     {secretFlags{File: open}, map[string]string{"CREDENTIALS_DIRECTORY": "/run/credentials"}, "key for all", 0, true},
		"fallbacks":         {secretFlags{File: file, FallbacksFile: old}, nil, "key of the file", 2, false},
		"missing fallbacks": {secretFlags{File: file, FallbacksFile: filepath.Join(dir, "none")}, nil, "error: no such file", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			var log bytes.Buffer
			got, err := test.flags.load(dir, slog.New(slog.NewTextHandler(&log, nil)))
			if want, fails := strings.CutPrefix(test.key, "error: "); fails {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil || got.key != test.key || len(got.fallbacks) != test.fallbacks || got.made != "" {
				t.Errorf("got %q, %q, made %q, %v", got.key, got.fallbacks, got.made, err)
			}
			if warned := strings.Contains(log.String(), "others on this machine may read"); warned != test.warns {
				t.Errorf("the log says %q", &log)
			}
			if text := fmt.Sprintf("%v %+v %#v %s", got, got, got, log.String()); strings.Contains(text, test.key) {
				t.Errorf("the key shows in %q", text)
			}
		})
	}
}

// TestSecretKeyIsMadeOnce: of many servers that start at once in one folder one
// creates the key, and all have the same.
func TestSecretKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	const servers = 20
	keys, made := make(chan string, servers), make(chan string, servers)
	var group sync.WaitGroup
	for range servers {
		group.Go(func() {
			s, err := (&secretFlags{}).loadOrMake(dir, false, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			keys <- s.key
			if s.made != "" {
				made <- s.made
			}
		})
	}
	group.Wait()
	first := <-keys
	for range servers - 1 {
		if key := <-keys; key != first || len(key) < 50 {
			t.Errorf("a key of %d characters is another one than that of %d", len(key), len(first))
		}
	}
	if len(made) != 1 || <-made != filepath.Join(dir, "coatcheck.secret") {
		t.Errorf("the key was made more than once")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}
