package coatcheck_test

import (
	"net/http"
	"os"

	"github.com/coatcheck/coatcheck/sessions"
)

// Files that are the same for everybody, and never carry a cookie.
func Example_staticFiles() {
	files := http.FileServerFS(os.DirFS("static"))
	http.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) {
		if session, err := sessions.FromContext(r.Context()); err == nil {
			session.Detach() // neither saved nor is its cookie sent, with SaveEveryRequest too
		}
		w.Header().Set("Cache-Control", "public, max-age=86400")
		http.StripPrefix("/static/", files).ServeHTTP(w, r)
	})
}
