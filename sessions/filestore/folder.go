package filestore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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

// errAway: without its folder nobody knows which sessions there are.
var errAway = errors.New("the folder of sessions is away; was its file system unmounted?")

// newStore returns a store that knows its folder.
func newStore(c Config) (*Store, error) {
	info, err := os.Stat(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("filestore: look at the folder for sessions: %w", err)
	}
	s := &Store{config: c}
	s.folder.Store(&info)
	return s, nil
}

// there ensures that the folder is there, since a session that is missing with its
// folder has not ended. Where a file system was unmounted, the folder below it is there and
// empty: one on another device counts only if it has sessions.
func (s *Store) there(op string) error {
	info, err := os.Stat(s.config.Dir)
	switch {
	case err == nil && !info.IsDir(), errors.Is(err, os.ErrNotExist):
		return fault(op, errAway)
	case err != nil:
		return fault(op, err)
	case sameDevice(*s.folder.Load(), info):
		return nil
	}
	if found, err := s.hasFiles(); err != nil || !found {
		return fault(op, errors.Join(errAway, err))
	}
	s.folder.Store(&info)
	return nil
}

// hasFiles reports whether the folder has the file of a session.
func (s *Store) hasFiles() (bool, error) {
	dir, err := os.Open(s.config.Dir)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(piece)
		for _, name := range names {
			if strings.HasPrefix(name, s.config.CookieName) {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}
