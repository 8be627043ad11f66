package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// DirConfig specifies where Dir writes. Path is required.
type DirConfig struct {
	// Path is the folder. It is made, for its owner only (mode 0700), where it is
	// not there. Django: EMAIL_FILE_PATH.
	Path string
	// From is for messages without one; DefaultFrom when empty. Django:
	// DEFAULT_FROM_EMAIL.
	From string
}

// Dir writes each message to a file of its own in a folder, whole or not at all.
// The files end in ".eml", which mail programs open, and their names are in the
// order of time. Only their owner can read them (mode 0600). Nothing removes
// them. It is for development, and for programs that pick the files up (Django:
// django.core.mail.backends.filebased.EmailBackend).
type Dir struct {
	path, from string
}

var _ Sender = (*Dir)(nil)

// NewDir returns the folder where it is not there. The error is about the
// configuration, or that the folder cannot be made.
func NewDir(c DirConfig) (*Dir, error) {
	if c.Path == "" {
		return nil, errors.New("mail: no folder given; set DirConfig.Path")
	}
	from := cmp.Or(c.From, DefaultFrom)
	if err := CheckFrom(from); err != nil {
		return nil, fmt.Errorf("%w; set DirConfig.From", err)
	}
	if err := os.MkdirAll(c.Path, 0o700); err != nil {
		return nil, fmt.Errorf("mail: create the folder DirConfig.Path: %w", err)
	}
	return &Dir{path: c.Path, from: from}, nil
}

// Send writes the file.
func (d *Dir) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("mail: dir: %w", err)
	}
	m.From = cmp.Or(m.From, d.from)
	raw, err := m.Encode()
	if err != nil {
		return err
	}
	if err := d.write(raw); err != nil {
		return fmt.Errorf("mail: dir: %w", err)
	}
	return nil
}

// write creates a file that has its name only when it is complete.
func (d *Dir) write(raw []byte) error {
	f, err := os.CreateTemp(d.path, ".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		name := time.Now().UTC().Format("20060102T150405.000000000Z") + "-" + rand.Text() + ".eml"
		err = os.Rename(f.Name(), filepath.Join(d.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
