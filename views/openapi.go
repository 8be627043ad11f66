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

// document is a description, and its tag, which changes with it.
type document struct {
	text []byte
	tag  string
}

// describeAll returns the document with the addresses of features.
func describeAll(features []pages.Feature) document {
	const paths = `"paths": {`
	head, tail, found := bytes.Cut(frame, []byte(paths))
	if !found {
		panic("views: openapi.json has no paths")
	}
	text := slices.Concat(head, []byte(paths+"\n"))
	for _, feature := range features {
		if feature.Files() == nil {
			continue
		}
		if part, err := fs.ReadFile(feature.Files(), pages.OpenAPIFile); err == nil { // it is embedded
			part = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(part), []byte("{")), []byte("}"))
			text = slices.Concat(text, bytes.TrimSpace(part), []byte(",\n"))
		}
	}
	text = slices.Concat(text, bytes.TrimSpace(tail), []byte("\n"))
	sum := sha256.Sum256(text)
	return document{text, `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// openAPI is the document without Options.Extras.
var openAPI = sync.OnceValue(func() document { return describeAll(features(nil, Config{})) })

// OpenAPI returns the description of the JSON side of the account pages, by OpenAPI
// 3.1. It has every operation that there may be: which of them a site has, its
// configuration decides (see Routes). Those of Options.Extras only the document of
// the site has, at OpenAPIURL.
func OpenAPI() []byte { return bytes.Clone(openAPI().text) }

// describe serves a document. Programs may ask each time whether theirs is the
// present one.
func describe(d document) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pages.SameForEverybody(w, r)
		header := w.Header()
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Type", "application/json")
		text, tag := d.text, d.tag
		if name := requestinfo.ScriptName(r); name != "" { // it needs no escapes in JSON
			text = slices.Concat([]byte(`{"servers": [{"url": "`+name+`"}],`), text[1:])
			tag = tag[:len(tag)-1] + strings.ReplaceAll(name, "/", "-") + `"`
		}
		header.Set("ETag", tag)
		http.ServeContent(w, r, "openapi.json", time.Time{}, bytes.NewReader(text))
	}
}
