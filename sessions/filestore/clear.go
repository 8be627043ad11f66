package filestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
)

// abandoned is when a file that was being written belongs to nobody any more.
const abandoned = time.Hour

// ClearExpired removes the files of expired sessions, and what was left by
// processes that died while they wrote (Django: clear_expired).
func (s *Store) ClearExpired(ctx context.Context) (n int64, err error) {
	err = s.each(ctx, "clear", func(key string) error {
		removed, err := s.clear(ctx, key)
		if removed {
			n++
		}
		return err
	})
	return n, err
}

// clear removes the file of key if its session has expired.
func (s *Store) clear(ctx context.Context, key string) (removed bool, err error) {
	path, ok := s.path(key)
	if !ok {
		return false, s.clearTemporary(key)
	}
	if _, err := s.Load(ctx, key); !errors.Is(err, sessions.ErrNotFound) {
		return false, err
	}
	held, err := lock(ctx, path)
	if err != nil {
		if err = s.missing("clear", err); errors.Is(err, sessions.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	defer held.Close()
	r, err := s.read(held.file)
	switch {
	case errors.Is(err, sessions.ErrNotFound): // not a regular file, and not ours
		return false, nil
	case err != nil:
		return false, err
	case r.Expires.After(time.Now()): // saved since
		return false, nil
	}
	if err := os.Remove(path); err != nil {
		return false, fault("clear", err)
	}
	return true, nil
}

func (s *Store) clearTemporary(name string) error {
	key, _, ok := strings.Cut(name, temporary)
	if !ok || key == "" || !validKey(key) {
		return nil
	}
	path := filepath.Join(s.config.Dir, s.config.CookieName+name)
	info, err := os.Lstat(path)
	if err != nil || time.Since(info.ModTime()) < abandoned+s.config.CookieAge {
		return nil // gone by itself, or perhaps still being written
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault("clear", err)
	}
	return nil
}
