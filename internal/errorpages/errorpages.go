// Package errorpages lets refusals of the middleware have the look of the site, which the
// middleware does not know.
package errorpages

import (
	"context"
	"log/slog"
	"net/http"
)

// Show renders a page with a title and a sentence, both in the visitor's language.
type Show func(w http.ResponseWriter, r *http.Request, status int, title, message string)

// Handler has refusals of what it wraps shown as pages of the site. It stands outside of all
// that may refuse a request; an inner one leaves that to an outer one. Code that knows no other
// logger uses log, or slog.Default() where it is nil. Django: handler400, handler403, handler500.
func Handler(log *slog.Logger, show Show) func(http.Handler) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	site := &pages{log, show}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if from(r.Context()) == nil {
				r = r.WithContext(context.WithValue(r.Context(), key{}, site))
			}
			next.ServeHTTP(w, r)
		})
	}
}

type pages struct {
	log  *slog.Logger
	show Show // nil while a page is shown
}

type key struct{}

// from returns the pages of the site, or nil.
func from(ctx context.Context) *pages {
	p, _ := ctx.Value(key{}).(*pages)
	return p
}

// Respond responds with a page of the site, and reports whether there is one. What fails while
// it is rendered has none.
func Respond(w http.ResponseWriter, r *http.Request, status int, title, message string) bool {
	p := from(r.Context())
	if p == nil || p.show == nil {
		return false
	}
	bare := context.WithValue(r.Context(), key{}, &pages{log: p.log})
	p.show(w, r.WithContext(bare), status, title, message)
	return true
}

// Logger returns the logger of Handler, or slog.Default() where there is none.
func Logger(ctx context.Context) *slog.Logger {
	if p := from(ctx); p != nil {
		return p.log
	}
	return slog.Default()
}
