package docsite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/coatcheck/coatcheck/internal/brand"
)

// kinds are the media types of pictures.
var kinds = map[string]string{".png": "image/png", ".svg": "image/svg+xml"}

// sources are the files that pages link to, beside them.
var sources = map[string]bool{".py": true, ".json": true}

// picture serves a picture of a folder.
func (s *Site) picture(w http.ResponseWriter, r *http.Request) {
	name := path.Join(r.PathValue("folder"), r.PathValue("name"))
	kind := kinds[path.Ext(name)]
	if kind == "" {
		s.missing(w, r)
		return
	}
	s.file(w, r, name, kind)
}

// file serves a file as it is.
func (s *Site) file(w http.ResponseWriter, r *http.Request, name, kind string) {
	text, err := fs.ReadFile(s.files, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		s.missing(w, r)
		return
	}
	if err != nil {
		panic(err) // they are embedded
	}
	sum := sha256.Sum256(text)
	header := w.Header()
	header.Del("Vary")
	header.Set("Cache-Control", "public, max-age=86400")
	header.Set("Content-Type", kind)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	header.Set("Content-Security-Policy", brand.Policy) // an SVG that is opened has its style in it
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
}
