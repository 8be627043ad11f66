package filestore

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/coatcheck/coatcheck/sessions"
)

// errLink: what is there is a symbolic link, which no session is.
var errLink = errors.New("a symbolic link")

// held is a session's file that no other process of this program may change.
type held struct {
	file   *os.File
	unlock func()
}

// Close lets others in.
func (h *held) Close() {
	h.unlock()
	h.file.Close()
}

// lock opens the file at path and waits until it is this caller's alone. The
// error is os.ErrNotExist where there is none.
func lock(ctx context.Context, path string) (*held, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := lockOnce(path)
		if err != nil {
			return nil, err
		}
		ours, err := h.file.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Lstat(path); err == nil && os.SameFile(ours, there) {
				return h, nil
			}
		}
		h.Close() // it was replaced while this caller waited
		if err != nil {
			return nil, err
		}
	}
}

// lockVersion locks the file of a session for op. The error is sessions.ErrConflict if the
// file no longer holds what was loaded, and sessions.ErrNotFound if it is gone.
func (s *Store) lockVersion(ctx context.Context, op, path, loaded string) (*held, error) {
	h, err := lock(ctx, path)
	if err != nil {
		return nil, s.missing(op, err)
	}
	now, err := contentOf(h.file)
	if err == nil && now != loaded {
		err = sessions.ErrConflict
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// contentOf reads an open file from its beginning, at most one byte too much.
func contentOf(f *os.File) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fault("read", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", fault("read", err)
	}
	return string(content), nil
}
