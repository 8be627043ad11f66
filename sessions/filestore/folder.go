package filestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DefaultDir returns the folder that Config.Dir means when it is empty.
func DefaultDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("coatcheck-sessions-%d", os.Geteuid()))
}

// ownFolder is the folder of this system's user for sessions, in that for temporary
// files. It is made where it is absent. One that others could have put there, or that
// they can enter, is an error: they could read the keys of sessions, which are the names
// of the files.
func ownFolder() (string, error) {
	dir := DefaultDir()
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("filestore: make a folder for sessions (or set Config.Dir): %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("filestore: look at the folder for sessions: %w", err)
	}
	if !info.IsDir() || !ours(info) || openToOthers(info) {
		return "", fmt.Errorf("filestore: %s is not a folder of this user alone (mode 0700), so others could read the keys of sessions: "+
			"remove it, or set Config.Dir to a folder of your own", dir)
	}
	return dir, nil
}

// OpenToOthers reports whether other users of the system can enter a folder, or list
// what is in it: the names of the files are the keys of sessions. The error is that of
// os.Stat.
func OpenToOthers(dir string) (bool, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	return openToOthers(info), nil
}
