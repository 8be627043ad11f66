package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
)

// TestChain: Chain(a, b)(h) = a(b(h)).
func TestChain(t *testing.T) {
	var steps []string
	named := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				steps = append(steps, name)
				next.ServeHTTP(w, r)
				steps = append(steps, "/"+name)
			})
		}
	}
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { steps = append(steps, "h") })
	for want, parts := range map[string][]func(http.Handler) http.Handler{
		"h": nil, "a h /a": {named("a")}, "a b c h /c /b /a": {named("a"), named("b"), named("c")},
	} {
		steps = nil
		chain := middleware.Chain(parts...)
		chain(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		if got := strings.Join(steps, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
