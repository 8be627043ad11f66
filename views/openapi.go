package views

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// OpenAPIURL is where the views serve OpenAPI.
const OpenAPIURL = pages.Path + "openapi.json"

//go:embed openapi.json
var openAPI []byte

// openAPITag changes with the document.
var openAPITag = func() string {
	sum := sha256.Sum256(openAPI)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

// OpenAPI gives the description of the JSON side of the account pages, by OpenAPI
// 3.1. It has every operation that there may be: which of them a site has, its
// configuration decides (see Routes).
func OpenAPI() []byte { return bytes.Clone(openAPI) }

// describe serves the document. Programs may ask each time whether theirs is the
// present one.
func describe(w http.ResponseWriter, r *http.Request) {
	pages.SameForEverybody(w, r)
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Type", "application/json")
	text, tag := openAPI, openAPITag
	if name := requestinfo.ScriptName(r); name != "" { // it needs no escapes in JSON
		text = slices.Concat([]byte(`{"servers": [{"url": "`+name+`"}],`), openAPI[1:])
		tag = openAPITag[:len(openAPITag)-1] + strings.ReplaceAll(name, "/", "-") + `"`
	}
	header.Set("ETag", tag)
	http.ServeContent(w, r, "openapi.json", time.Time{}, bytes.NewReader(text))
}
