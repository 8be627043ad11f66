package middleware

import "net/http"

// HandlerFunc is a handler that returns an error, which Fail handles. One that has responded to
// the request itself, by Say with 404 for instance, returns nil.
//
//	mux.Handle("GET /profile", site.RequireUser(middleware.HandlerFunc(profile)))
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP calls f. An error that comes after the first byte of the response is logged and
// gets no response.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tracked := &beforeWriter{ResponseWriter: w, by: beginFuncs{before: func(int) error { return nil }}}
	switch err := f(tracked, r); {
	case err == nil:
	case tracked.began:
		status, _ := failureOf(err)
		logFailure(r, status, err)
	default:
		Fail(w, r, err)
	}
}
