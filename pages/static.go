package pages

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/sessions"
)

// The files that are served as they are, beside the logo: the stylesheet and the script.
const (
	stylesheetName = "style.css"
	scriptName     = "script.js"
)

// static is a file that is served under a name that changes with its content, so
// that browsers may keep it for a year.
type static struct {
	name string
	url  string
	kind string
	etag string
	text string
	gzip string // the text, compressed once; empty for a picture that is compressed in itself

	integrity string // the hash of the text, for a Content-Security-Policy
	policy    string // a Content-Security-Policy of its own; empty for that of pages
}

// newStatic names style.css "style.<hash>.css".
func newStatic(name, kind, text string) static {
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:8])
	ending := path.Ext(name)
	name = strings.TrimSuffix(name, ending) + "." + hash + ending
	return static{
		name: name, url: Path + "static/" + name, kind: kind, etag: `"` + hash + `"`,
		text: text, gzip: compress(kind, text),
		integrity: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// compress returns a text as gzip has it.
func compress(kind, text string) string {
	if !strings.HasPrefix(kind, "text/") && !strings.HasSuffix(kind, "+xml") {
		return ""
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err) // memory does not fail
	}
	return b.String()
}

func (k *Kit) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	for _, file := range append([]static{k.style, k.script, k.logo.file}, k.files...) {
		if name == file.name && name != "" {
			file.serve(w, r, "public, max-age=31536000, immutable")
			return
		}
	}
	if l := k.config.Brand.Logo; l != nil && name == l.Name {
		k.logo.file.serve(w, r, "public, max-age=86400")
		return
	}
	k.notFound(w, r)
}

// serve responds with the file, which caches may keep.
func (file static) serve(w http.ResponseWriter, r *http.Request, caching string) {
	SameForEverybody(w, r)
	header := w.Header()
	header.Set("Cache-Control", caching)
	header.Set("Content-Type", file.kind)
	text, etag := file.text, file.etag
	if file.gzip != "" {
		header.Set("Vary", "Accept-Encoding")
		if negotiate.Gzip(r) {
			header.Set("Content-Encoding", "gzip")
			text, etag = file.gzip, strings.TrimSuffix(etag, `"`)+`-gzip"`
		}
	}
	if file.policy != "" {
		header.Set("Content-Security-Policy", file.policy)
	}
	header.Set("ETag", etag)
	http.ServeContent(w, r, file.name, time.Time{}, strings.NewReader(text))
}

// SameForEverybody keeps the session out of a response that names no client. A session
// that changed before the view was asked, by a login of a remote user for instance, is
// saved all the same: it would be lost.
func SameForEverybody(w http.ResponseWriter, r *http.Request) {
	w.Header().Del("Vary")
	if session, err := sessions.FromContext(r.Context()); err == nil && !session.Modified() {
		session.Detach()
	}
}
