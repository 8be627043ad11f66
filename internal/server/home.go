package server

import (
	"bytes"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

// HomeAt returns a home page that redirects to an address. Browsers ask again the next time.
func HomeAt(address string) http.Handler {
	return home(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, address, http.StatusFound)
	})
}

// homePolicy is the Content-Security-Policy of a home page that is a document of its own:
// it may have styles in itself, and pictures of any site, and it runs no script.
const homePolicy = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; " +
	"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// HomePage returns a home page that is a document of its own, in HTML and UTF-8.
func HomePage(document []byte) http.Handler {
	return home(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", homePolicy)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document))
	})
}

// home accepts what only looks, and keeps responses out of caches.
func home(show http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			flow.Emit(r.Context(), "home.shown")
			show(w, r)
		case http.MethodOptions:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
			plain(w, http.StatusMethodNotAllowed, "This address does not take such requests.")
		}
	})
}
