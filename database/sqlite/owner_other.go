//go:build !unix

package sqlite

import (
	"io/fs"
	"os"
)

// own does nothing where files have no owner as Unix knows it.
func own(*os.File, fs.FileInfo) {}
