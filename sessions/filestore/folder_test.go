//go:build unix

package filestore_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/sessions/filestore"
)

// The names of the files are session keys, so the folder that is made by default is
// closed to others, and one that is not is refused.
func TestOwnFolder(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	dir := filepath.Join(temporary, fmt.Sprintf("coatcheck-sessions-%d", os.Getuid()))
	try := func() error {
		_, err := filestore.New(filestore.Config{Codec: codec(t)})
		return err
	}
	for range 2 { // made, and then found
		if err := try(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v, %v", info, err)
		}
	}
	elsewhere := t.TempDir()
	for name, change := range map[string]func() error{
		"open to all":         func() error { return os.Chmod(dir, 0o755) },
		"others may enter":    func() error { return os.Chmod(dir, 0o701) },
		"the group may look":  func() error { return os.Chmod(dir, 0o740) },
		"a symbolic link":     func() error { return os.Symlink(elsewhere, dir) },
		"a file":              func() error { return os.WriteFile(dir, nil, 0o600) },
		"that of another one": func() error { return os.Chown(dir, os.Getuid()+1, -1) },
	} {
		if name == "that of another one" && os.Getuid() != 0 {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if name != "a symbolic link" && name != "a file" {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := try(); err == nil || !strings.Contains(err.Error(), "remove it, or set Config.Dir") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFolderThatOthersCanEnter(t *testing.T) {
	dir := t.TempDir()
	for mode, warns := range map[os.FileMode]bool{0o700: false, 0o750: true, 0o701: true, 0o777: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		_, err := filestore.New(filestore.Config{Codec: codec(t), Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil || strings.Contains(log.String(), "chmod 0700") != warns {
			t.Errorf("%v: %v, %q", mode, err, &log)
		}
	}
}
