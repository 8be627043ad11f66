package middleware

import (
	"net/http"

	"github.com/coatcheck/coatcheck/internal/httptext"
)

// addCookie adds a Set-Cookie line that names a person, and keeps the response out of
// shared caches.
func addCookie(header http.Header, line string) {
	header.Add("Set-Cookie", line)
	httptext.PatchVary(header, "Cookie")
	httptext.Private(header)
}
