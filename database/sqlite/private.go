package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
)

// private is the operating system's VFS, with new files made for their owner
// only, whatever the umask is. The driver makes them for everybody the umask
// leaves, and only then gives the journals the mode of the database; the -shm
// file it leaves at that.
type private struct{ vfs.VFSFilename }

// privateName is the VFS's name in a URI.
const privateName = "coatcheck-private"

// walParameter specifies in a URI that the file has, or will have, a WAL and the -shm file
// that belongs to it.
const walParameter = "coatcheck_wal"

// registerPrivate registers the VFS, once.
var registerPrivate = sync.OnceFunc(func() {
	if system, ok := vfs.Find("os").(vfs.VFSFilename); ok {
		vfs.Register(privateName, private{system})
	}
})

// OpenFilename creates a file before SQLite would.
func (p private) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if path := name.String(); path != "" && flags&vfs.OPEN_CREATE != 0 {
		_ = create(path, "") // where it fails, opening says why
		if flags&vfs.OPEN_MAIN_DB != 0 && name.URIParameter(walParameter) != "" {
			_ = create(path+"-shm", path)
		}
	}
	return p.VFSFilename.OpenFilename(name, flags)
}

// create creates an absent file for its owner only or, where like is not empty,
// with owner and mode of that one.
func create(path, like string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info, err := os.Stat(like); like != "" && err == nil {
		_ = f.Chmod(info.Mode().Perm())
		giveTo(f, info)
	}
	return f.Close()
}
