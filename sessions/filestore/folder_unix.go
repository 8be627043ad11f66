//go:build unix

package filestore

import (
	"os"
	"syscall"
)

func openToOthers(info os.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// ours reports whether a file is one of the user who runs this program.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// sameDevice reports whether two files are on one file system.
func sameDevice(a, b os.FileInfo) bool {
	first, ok := a.Sys().(*syscall.Stat_t)
	second, too := b.Sys().(*syscall.Stat_t)
	return !ok || !too || first.Dev == second.Dev
}
