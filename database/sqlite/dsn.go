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
	query.Set("vfs", privateName)
	query.Set("_txlock", "immediate")
	// The journals get mode and owner of an existing file only if told to.
	query.Set("modeof", absolute)
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // C:/...
		slashed = "/" + slashed
	}
	src.uri = (&url.URL{Scheme: "file", Path: slashed, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}).String()
	return src, nil
}

// prepare looks whether the path can be a database, to say plainly why not.
func (src *source) prepare() error {
	if src.memory {
		memdb.Create(src.memoryName, nil)
		return nil
	}
	registerPrivate()
	info, err := os.Stat(src.path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", src.shown)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent, err := os.Stat(filepath.Dir(src.path)); err != nil || !parent.IsDir() {
		return fmt.Errorf("the folder %s does not exist; make it first", filepath.Dir(src.path))
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
