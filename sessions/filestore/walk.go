package filestore

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck/sessions"
)

// piece is how many names of a folder are read at a time.
const piece = 500

// Walk looks at each file of the folder that may be a session.
func (s *Store) Walk(ctx context.Context, f func(key string, d sessions.Data) error) error {
	return s.each(ctx, "walk", func(key string) error {
		r, err := s.Load(ctx, key)
		switch {
		case errors.Is(err, sessions.ErrNotFound), errors.Is(err, os.ErrPermission): // gone, or another user's
			return nil
		case err != nil:
			return err
		case r.Corrupt != nil:
			return nil
		}
		return f(key, r.Data)
	})
}

// each calls f with what follows the name of the cookie in the names of the folder.
func (s *Store) each(ctx context.Context, op string, f func(key string) error) error {
	if err := s.there(op); err != nil {
		return err
	}
	dir, err := os.Open(s.config.Dir)
	if err != nil {
		return fault(op, err)
	}
	defer dir.Close()
	for {
		entries, end := dir.ReadDir(piece)
		for _, entry := range entries {
			key, ok := strings.CutPrefix(entry.Name(), s.config.CookieName)
			if !ok {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(key); err != nil {
				return err
			}
		}
		if errors.Is(end, io.EOF) {
			return nil
		}
		if end != nil {
			return fault(op, end)
		}
	}
}
