//go:build unix

package sqlite

import (
	"io/fs"
	"os"
	"syscall"
)

// giveTo returns the file the owner of another one, which only root can do.
func giveTo(f *os.File, like fs.FileInfo) {
	if stat, ok := like.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(stat.Uid), int(stat.Gid))
	}
}
