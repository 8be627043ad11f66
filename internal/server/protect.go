package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
)

// limit refuses requests with very many cookies and bounds every body. The
// size of the header is bounded by http.Server.
func (s *Server) limit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies := 0
		for _, line := range r.Header["Cookie"] {
			cookies += 1 + strings.Count(line, ";")
		}
		if cookies > maxCookies {
			middleware.Say(w, r, http.StatusRequestHeaderFieldsTooLarge,
				i18n.Mark("Your browser sent very many cookies. Please delete those of this site and try again."))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		h.ServeHTTP(w, r)
	})
}

// survive responds with 500 where a handler panics, and logs where.
func (s *Server) survive(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		observed := &response{ResponseWriter: w}
		defer func() {
			switch cause := recover(); {
			case cause == nil:
			case cause == http.ErrAbortHandler:
				panic(cause)
			default:
				s.Log.ErrorContext(r.Context(), "a handler panicked", "path", requestinfo.LogPath(r),
					"panic", requestinfo.LogText(fmt.Sprint(cause)), "stack", string(debug.Stack()))
				if observed.status != 0 {
					panic(http.ErrAbortHandler) // half a response must not look like a whole one
				}
				middleware.Say(w, r, http.StatusInternalServerError,
					i18n.Mark("Something went wrong here. It has been noted."))
			}
		}()
		h.ServeHTTP(observed, r)
	})
}

// logged logs each request when it is done. The query stays out, since it may
// hold anything.
func (s *Server) logged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, observed := time.Now(), &response{ResponseWriter: w}
		defer func() {
			s.Log.InfoContext(r.Context(), "request", "method", r.Method, "path", requestinfo.LogPath(r),
				"status", observed.status,
				"ms", float64(time.Since(start).Microseconds())/1000)
		}()
		h.ServeHTTP(observed, r)
	})
}

// response remembers the status of a response, 0 while there is none.
type response struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader remembers the final status.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins a response of 200.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// FlushError sends what there is, at least the header.
func (w *response) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}
