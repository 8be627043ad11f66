package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
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
	looks       bool // nothing is to change
	fresh       bool // the file is not there yet, or empty: what it is like is for us to say
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

// onlyLook has a file opened that must be there, by connections that take no statement
// that changes it. SQLite's own mode=ro would leave the files of a WAL behind.
func (src *source) onlyLook() {
	if !src.memory && !src.readOnly {
		src.uri += "&mode=rw"
	}
	src.looks = true
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
	src.fresh = errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
	if src.fresh || err == nil && inWAL(src.path) {
		src.uri += "&" + walParameter + "=1"
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent, err := os.Stat(filepath.Dir(src.path)); err != nil || !parent.IsDir() {
		return fmt.Errorf("the folder %s does not exist; make it first", filepath.Dir(src.path))
	}
	return nil
}

// inWAL reports whether the header of a file says that its journal is a WAL. A file that
// cannot be read is for SQLite to complain of.
func inWAL(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var header [20]byte
	_, err = io.ReadFull(f, header[:])
	return err == nil && header[18] == 2
}

// release frees what prepare took.
func (src *source) release() error {
	if src.memory {
		memdb.Delete(src.memoryName)
	}
	return nil
}
