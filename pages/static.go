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

	"github.com/coatcheck/coatcheck/sessions"
)

// The files that are served as they are: the stylesheet and the script.
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
	gzip string // the text, compressed once

	integrity string // the hash of the text, for a Content-Security-Policy
}

// newStatic names style.css "style.<hash>.css".
func newStatic(name, kind, text string) static {
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:8])
	ending := path.Ext(name)
	name = strings.TrimSuffix(name, ending) + "." + hash + ending
	return static{
		name: name, url: Path + "static/" + name, kind: kind, etag: `"` + hash + `"`,
		text: text, gzip: compress(text),
		integrity: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// compress returns the text as gzip has it.
func compress(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err) // memory does not fail
	}
	return b.String()
}

// acceptsGzip reports whether a client says that it reads gzip.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(part, ";")
		quality = strings.TrimRight(strings.ReplaceAll(quality, " ", ""), "0")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return quality != "q=" && quality != "q=0." && quality != "q=."
		}
	}
	return false
}

func (k *Kit) static(w http.ResponseWriter, r *http.Request) {
	for _, file := range []static{k.style, k.script} {
		if r.PathValue("name") == file.name {
			SameForEverybody(w, r)
			header := w.Header()
			header.Set("Cache-Control", "public, max-age=31536000, immutable")
			header.Set("Content-Type", file.kind+"; charset=utf-8")
			header.Set("Vary", "Accept-Encoding")
			text := file.text
			if acceptsGzip(r) {
				header.Set("Content-Encoding", "gzip")
				text, file.etag = file.gzip, strings.TrimSuffix(file.etag, `"`)+`-gzip"`
			}
			header.Set("ETag", file.etag)
			http.ServeContent(w, r, file.name, time.Time{}, strings.NewReader(text))
			return
		}
	}
	k.notFound(w, r)
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
