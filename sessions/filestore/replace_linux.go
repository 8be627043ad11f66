package filestore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// replace puts temp in the place of path, unless nothing is there: a program
// that knows no lock may have removed it. temp is then what was there.
func replace(temp, path string) error {
	err := unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) {
		// This file system, or this system, cannot exchange.
		return os.Rename(temp, path)
	}
	return err
}
