//go:build unix && !solaris && !illumos && !aix

package filestore

import (
	"errors"
	"os"
	"syscall"
)

// open follows no symbolic link and waits for no pipe.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, errLink
	}
	return f, err
}

// lockOnce acquires the lock of the file that is at path now; the file that is there
// when it has it may be another.
func lockOnce(path string) (*held, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err == nil {
			return &held{f, func() {}}, nil // closing it unlocks
		}
		if !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, err
		}
	}
}
