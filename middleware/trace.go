package middleware

import (
	"fmt"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

// Trace switches flow's trace on for each request and gives print its way
// through the five layers as one block of text when it is done. It belongs
// outermost.
func Trace(print func(block string)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, trace := flow.NewContext(r.Context())
			sw := &statusWriter{ResponseWriter: w}
			start := time.Now()
			defer func() {
				print(trace.Format(fmt.Sprintf("%s %q  →  %d in %s", r.Method, r.URL.Path, sw.status, time.Since(start).Round(time.Microsecond))))
			}()
			next.ServeHTTP(sw, r.WithContext(ctx))
		})
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader remembers the final status.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins a response of 200.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
