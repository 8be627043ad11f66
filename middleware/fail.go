package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// failures maps errors to what a visitor is told. What is not here is an
// outage of a store.
var failures = []struct {
	err     error
	status  int
	message string
}{
	{sessions.ErrInterrupted, http.StatusBadRequest, "Your session ended while this request was being handled, " +
		"perhaps because you logged out in another window. Please log in and try again."},
	{password.ErrBusy, http.StatusServiceUnavailable, "Many people are logging in right now. Please try again in a few seconds."},
	{sessions.ErrNoSession, http.StatusInternalServerError, "This server is set up wrongly. Its log says how."},
	{auth.ErrNoAuthentication, http.StatusInternalServerError, "This server is set up wrongly. Its log says how."},
	{sessions.ErrExpiry, http.StatusInternalServerError, "Your session could not be read. Please delete this site's cookies and log in again."},
}

const outage = "We cannot reach our records right now. You have not been logged out. Please try again in a few seconds."

// retryAfter is the Retry-After of a 503, in seconds.
const retryAfter = "5"

// Fail answers a request that an error stopped: with 503 and Retry-After where
// a store failed or is too busy, which is never taken for a logout; with 400
// where the session was ended meanwhile. The client gets a sentence and the log
// the error. Handlers call it with what UserFromContext and the session return.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusServiceUnavailable, outage
	for _, f := range failures {
		if errors.Is(err, f.err) {
			status, message = f.status, f.message
			break
		}
	}
	level := slog.LevelError
	if status < 500 || errors.Is(err, context.Canceled) {
		level = slog.LevelInfo
	}
	logger(r).Log(r.Context(), level, "request failed", "status", status, "path", r.URL.Path, "error", err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Cache-Control", "no-store")
	Say(w, r, status, message)
}

// logger is the one that the site's sessions were configured with.
func logger(r *http.Request) *slog.Logger {
	if session, err := sessions.FromContext(r.Context()); err == nil {
		return session.Logger()
	}
	return slog.Default()
}

// Say answers with a status and one sentence, in the form that the client asks
// for: a small HTML page, {"error": …}, or plain text.
func Say(w http.ResponseWriter, r *http.Request, status int, message string) {
	header := w.Header()
	header.Del("Content-Length")
	header.Set("X-Content-Type-Options", "nosniff")
	body := message + "\n"
	switch {
	case negotiate.HTML(r):
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", "default-src 'none'")
		body = fmt.Sprintf(page, html.EscapeString(http.StatusText(status)), html.EscapeString(message))
	case negotiate.JSON(r):
		header.Set("Content-Type", "application/json")
		text, _ := json.Marshal(map[string]string{"error": message}) // a map of strings always has JSON
		body = string(text) + "\n"
	default:
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprint(w, body)
	}
}

const page = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>%[1]s</title></head>
<body><main><h1>%[1]s</h1><p>%[2]s</p></main></body>
</html>
`
