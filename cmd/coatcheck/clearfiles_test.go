package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClearSessionFiles: clearsessions removes the files of expired sessions, in the folder
// that is named and in the default one, and nothing else.
func TestClearSessionFiles(t *testing.T) {
	for name, named := range map[string]bool{"named folder": true, "default folder": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, temp := t.TempDir(), t.TempDir()
			flags, folder := []string{"--session-engine", "file"}, filepath.Join(temp, "coatcheck-sessions-*")
			if named {
				folder = filepath.Join(dir, "sessions")
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				flags = append(flags, "--session-file-path", folder)
			}
			p := start(t, dir, []string{"TMPDIR=" + temp}, flags...)
			old, young := p.visitor(), p.visitor()
			oldKey, youngKey := old.enter("alice", "correct horse"), young.enter("bob", "battery staple")
			file := func(key string) string {
				found, err := filepath.Glob(filepath.Join(folder, "sessionid"+key))
				if err != nil || len(found) > 1 {
					t.Fatal(found, err)
				}
				return strings.Join(found, "")
			}
			past := time.Now().Add(-15 * 24 * time.Hour) // the age is two weeks
			foreign := filepath.Join(filepath.Dir(file(oldKey)), "notes")
			if err := os.WriteFile(foreign, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{file(oldKey), foreign} {
				if err := os.Chtimes(path, past, past); err != nil {
					t.Fatal(err)
				}
			}
			cmd := quietly(t, dir, append([]string{"clearsessions"}, flags...)...)
			cmd.Env = append(cmd.Env, "TMPDIR="+temp)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
			if file(oldKey) != "" || file(youngKey) == "" {
				t.Errorf("the old one is at %q, the young one at %q", file(oldKey), file(youngKey))
			}
			if _, err := os.Stat(foreign); err != nil {
				t.Error(err)
			}
			if got := young.get("/api/profile"); got.status != http.StatusOK {
				t.Errorf("the young one gives %d", got.status)
			}
		})
	}
}
