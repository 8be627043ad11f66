package views

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// OpenAPIURL is where the views serve OpenAPI.
const OpenAPIURL = pages.Path + "openapi.json"

// frame is the document without the addresses of features, which are in their folders.
//
//go:embed openapi.json
var frame []byte

// openAPI is the document with the addresses of all features, and its tag, which changes
// with it.
var openAPI = sync.OnceValues(func() (document []byte, tag string) {
	const paths = `"paths": {`
	head, tail, found := bytes.Cut(frame, []byte(paths))
	if !found {
		panic("views: openapi.json has no paths")
	}
	document = slices.Concat(head, []byte(paths+"\n"))
	for _, feature := range features(nil, Config{}) {
		if part, err := fs.ReadFile(feature.Files(), pages.OpenAPIFile); err == nil { // it is embedded
			part = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(part), []byte("{")), []byte("}"))
			document = slices.Concat(document, bytes.TrimSpace(part), []byte(",\n"))
		}
	}
	document = slices.Concat(document, bytes.TrimSpace(tail), []byte("\n"))
	sum := sha256.Sum256(document)
	return document, `"` + hex.EncodeToString(sum[:8]) + `"`
})

// OpenAPI returns the description of the JSON side of the account pages, by OpenAPI
// 3.1. It has every operation that there may be: which of them a site has, its
// configuration decides (see Routes).
func OpenAPI() []byte {
	document, _ := openAPI()
	return bytes.Clone(document)
}

// describe serves the document. Programs may ask each time whether theirs is the
// present one.
func describe(w http.ResponseWriter, r *http.Request) {
	pages.SameForEverybody(w, r)
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Type", "application/json")
	text, tag := openAPI()
	if name := requestinfo.ScriptName(r); name != "" { // it needs no escapes in JSON
		text = slices.Concat([]byte(`{"servers": [{"url": "`+name+`"}],`), text[1:])
		tag = tag[:len(tag)-1] + strings.ReplaceAll(name, "/", "-") + `"`
	}
	header.Set("ETag", tag)
	http.ServeContent(w, r, "openapi.json", time.Time{}, bytes.NewReader(text))
}
