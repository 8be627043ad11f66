package views

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// stylesheet is served under a name that changes with its content, so that
// browsers may keep it for a year.
type stylesheet struct {
	name string
	url  string
	etag string
	text string
}

func newStylesheet(text string) stylesheet {
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:8])
	name := "style." + hash + ".css"
	return stylesheet{name: name, url: Path + "static/" + name, etag: `"` + hash + `"`, text: text}
}

func (v *Views) static(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Del("Vary") // it is the same for every client
	if r.PathValue("name") != v.style.name {
		v.notFound(w, r)
		return
	}
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Content-Type", "text/css; charset=utf-8")
	header.Set("ETag", v.style.etag)
	http.ServeContent(w, r, v.style.name, time.Time{}, strings.NewReader(v.style.text))
}
