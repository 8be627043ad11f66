package middleware

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
)

// Chain joins middlewares into one: Chain(a, b)(h) = a(b(h)).
func Chain(parts ...func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		for i := len(parts) - 1; i >= 0; i-- {
			h = parts[i](h)
		}
		return h
	}
}

// Authentication attaches the user to each request, found when it is first
// asked for (Django: AuthenticationMiddleware). It belongs inside Sessions;
// without it auth.UserFromContext says what is missing.
func Authentication(service *auth.Service) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, service.WithUser(w, r))
		})
	}
}
