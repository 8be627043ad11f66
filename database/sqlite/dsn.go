package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/ncruces/go-sqlite3/vfs/memdb"
)

// source is what a DSN names.
type source struct {
	uri         string
	shown       string // for errors: the path, without parameters
	path        string // absolute; empty in memory
	memory      bool
	memoryName  string
	readOnly    bool
	synchronous bool // the DSN sets it
}

// parse reads a DSN.
func parse(dsn string) (*source, error) {
	path, query := dsn, url.Values{}
	switch {
	case dsn == "":
		return nil, errors.New("the DSN is empty; give a path")
	case strings.HasPrefix(dsn, "sqlite://"):
		return nil, errors.New(`a DSN "sqlite://" is read differently by everyone; write sqlite:PATH`)
	case strings.HasPrefix(dsn, "sqlite:"):
		path = strings.TrimPrefix(dsn, "sqlite:")
	case strings.HasPrefix(dsn, "file:"):
		u, err := url.Parse(dsn)
		if err != nil {
			return nil, errors.New("the file: URI cannot be parsed")
		}
		if path, err = url.PathUnescape(u.EscapedPath()); u.Opaque != "" {
			path, err = url.PathUnescape(u.Opaque)
		}
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return nil, errors.New("the file: URI names no path")
		}
		if query, err = url.ParseQuery(u.RawQuery); err != nil {
			return nil, errors.New("the file: URI's parameters cannot be parsed")
		}
	}
	if path == ":memory:" || query.Get("mode") == "memory" {
		return inMemory(), nil
	}
	return onDisk(path, query)
}

// inMemory names a database of its own, which all connections share.
func inMemory() *source {
	name := "/coatcheck-" + rand.Text()
	return &source{
		uri: "file:" + name + "?vfs=memdb&_txlock=immediate", shown: ":memory:",
		memory: true, memoryName: name,
	}
}

// onDisk names a file. Of the parameters it keeps what does not contradict us.
func onDisk(path string, query url.Values) (*source, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return nil, errors.New("the DSN names no path")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	src := &source{path: absolute, shown: path, readOnly: query.Get("mode") == "ro" || query.Has("immutable")}
	for _, pragma := range query["_pragma"] {
		src.synchronous = src.synchronous || strings.HasPrefix(strings.ToLower(strings.TrimSpace(pragma)), "synchronous")
	}
	query.Del("_timefmt")
	query.Del("vfs")
	query.Set("_txlock", "immediate")
	// SQLite gives -wal and -shm the mode of the file only if told to.
	query.Set("modeof", absolute)
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // C:/...
		slashed = "/" + slashed
	}
	src.uri = (&url.URL{Scheme: "file", Path: slashed, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}).String()
	return src, nil
}

// prepare makes an absent file, and -wal and -shm beside it, for the owner only,
// whatever the umask is: SQLite would make them readable first and narrow them
// later, if at all.
func (src *source) prepare() error {
	if src.memory {
		memdb.Create(src.memoryName, nil)
		return nil
	}
	info, err := os.Stat(src.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder", src.shown)
	case err == nil || src.readOnly:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if parent, err := os.Stat(filepath.Dir(src.path)); err != nil || !parent.IsDir() {
		return fmt.Errorf("the folder %s does not exist; make it first", filepath.Dir(src.path))
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		f, err := os.OpenFile(src.path+suffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) { // another process was faster
			continue
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// release frees what prepare took.
func (src *source) release() error {
	if src.memory {
		memdb.Delete(src.memoryName)
	}
	return nil
}
