package docsite

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// held is a response whose body waits, so that it can be named and compressed.
type held struct {
	http.ResponseWriter
	status int // 0: that of a page
	body   bytes.Buffer
}

// WriteHeader keeps the status.
func (h *held) WriteHeader(status int) { h.status = status }

// Write keeps the text.
func (h *held) Write(text []byte) (int, error) { return h.body.Write(text) }

// send sends what waits: a page with its ETag, compressed for who reads gzip, or 304 to who has
// it. What is no page goes as it is.
func (h *held) send(r *http.Request) {
	header := h.Header()
	if h.status != 0 && h.status != http.StatusOK {
		h.ResponseWriter.WriteHeader(h.status)
		_, _ = h.body.WriteTo(h.ResponseWriter) // the client is gone
		return
	}
	sum := sha256.Sum256(h.body.Bytes())
	tag := hex.EncodeToString(sum[:8])
	httptext.PatchVary(header, "Accept-Encoding")
	header.Del("Content-Length")
	text := h.body.Bytes()
	if negotiate.Gzip(r) {
		text, tag = compress(text), tag+"-gzip"
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(h.ResponseWriter, r, "", time.Time{}, bytes.NewReader(text))
}

// compress returns a text as gzip has it.
func compress(text []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(text)
		err = errors.Join(err, z.Close())
	}
	if err != nil {
		panic(err) // memory does not fail
	}
	return b.Bytes()
}
