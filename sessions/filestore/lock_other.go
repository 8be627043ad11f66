//go:build !unix || solaris || illumos || aix

package filestore

import (
	"hash/maphash"
	"os"
	"sync"
)

var (
	seed  = maphash.MakeSeed()
	locks [64]sync.Mutex
)

func open(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		return nil, errLink
	}
	return os.Open(path)
}

// lockOnce locks against this process alone.
func lockOnce(path string) (*held, error) {
	mu := &locks[maphash.String(seed, path)%uint64(len(locks))]
	mu.Lock()
	f, err := open(path)
	if err != nil {
		mu.Unlock()
		return nil, err
	}
	return &held{f, mu.Unlock}, nil
}
