package middleware

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/errorpages"
	"github.com/coatcheck/coatcheck/internal/locale"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// failures maps errors to what a visitor is told. What is not here is a
// failure of a store.
var failures = []struct {
	err     error
	status  int
	message string // for translators
}{
	{sessions.ErrInterrupted, http.StatusBadRequest, i18n.Mark("Your session ended while this request was being handled, " +
		"perhaps because you logged out in another window. Please log in and try again.")},
	{password.ErrBusy, http.StatusServiceUnavailable, i18n.Mark("Many people are logging in right now. Please try again in a few seconds.")},
	{accounts.ErrQueueFull, http.StatusServiceUnavailable, i18n.Mark("Too many emails are waiting to be sent, so no more are accepted right now. " +
		"Please try again in a few minutes.")},
	{sessions.ErrNoSession, http.StatusInternalServerError, misconfigured},
	{auth.ErrNoAuthentication, http.StatusInternalServerError, misconfigured},
	{auth.ErrBackendUnknown, http.StatusInternalServerError, misconfigured},
	{auth.ErrLoginElsewhere, http.StatusForbidden, i18n.Mark("Your account needs a step that this page does not have, " +
		"such as a code or a confirmed address. Please log in on the site’s other login page.")},
	{auth.ErrNoPending, http.StatusForbidden, i18n.Mark("This login has ended. Please log in again.")},
	{safeurl.ErrLoginURL, http.StatusInternalServerError, misconfigured},
	{safeurl.ErrRedirect, http.StatusBadRequest, i18n.Mark("This address is too long to come back to after the login. Please log in first.")},
	{sessions.ErrReadOnly, http.StatusInternalServerError, i18n.Mark("This page cannot change your session, " +
		"which another part of the site wrote. Please log out, or delete this site's cookies, and try once more.")},
	{sessions.ErrTooLarge, http.StatusInternalServerError, i18n.Mark("Your session has grown too large to be stored. " +
		"Please log out, or delete this site's cookies, and try once more.")},
	{sessions.ErrExpiry, http.StatusInternalServerError, i18n.Mark("Your session could not be read. " +
		"Please delete this site's cookies and log in again.")},
}

var misconfigured = i18n.Mark("This server is set up wrongly. Its log says how.")

var outage = i18n.Mark("We cannot reach our records right now. You have not been logged out. Please try again in a few seconds.")

// retryAfter is the Retry-After of a 503, in seconds.
const retryAfter = "5"

// Fail responds to a request that an error stopped: with 503 and Retry-After where
// a store failed or is too busy, which is never taken for a logout; with 400
// where the session was ended concurrently; with 429 and Retry-After where there
// were too many attempts. The client gets a sentence and the log
// the error. Handlers call it with what UserFromContext and the session return.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	status, message := failureOf(err)
	throttled := (*attempts.ThrottledError)(nil)
	if errors.As(err, &throttled) {
		message = throttled.MessageIn(translator(r))
		w.Header().Set("Retry-After", strconv.Itoa(throttled.Seconds()))
	}
	logFailure(r, status, err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Cache-Control", "no-store")
	Say(w, r, status, message)
}

// failureOf returns the status of an error, and its sentence but for a ThrottledError.
func failureOf(err error) (status int, message string) {
	if errors.Is(err, attempts.ErrThrottled) {
		return http.StatusTooManyRequests, ""
	}
	if step := (*auth.StepError)(nil); errors.As(err, &step) {
		return http.StatusForbidden, step.Sentence()
	}
	if refused := (*hooks.Refusal)(nil); errors.As(err, &refused) {
		return refused.Status, refused.Sentence
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.status, f.message
		}
	}
	return http.StatusServiceUnavailable, outage
}

func logFailure(r *http.Request, status int, err error) {
	level := slog.LevelError
	if status < 500 || errors.Is(err, context.Canceled) {
		level = slog.LevelInfo
	}
	logger(r).Log(r.Context(), level, "request failed", "status", status, "path", requestinfo.LogPath(r),
		"error", requestinfo.LogError(err))
}

// logger is the one that the site was configured with.
func logger(r *http.Request) *slog.Logger {
	if session, err := sessions.FromContext(r.Context()); err == nil {
		return session.Logger()
	}
	return errorpages.Logger(r.Context())
}

// Say responds with a status and one sentence: a page for browsers, which name text/html in
// Accept, in the look of the site behind Site.Handler, and {"error": …} for everybody else. The sentence is
// in the visitor's language where the catalogues have it; see Locale. The args are names
// and values for the %(name)s in it, as those of i18n.Translator.T.
func Say(w http.ResponseWriter, r *http.Request, status int, message string, args ...any) {
	t := translator(r)
	say(w, r, t, status, title(t, status), t.T(message, args...))
}

// say is Say for what is translated already.
func say(w http.ResponseWriter, r *http.Request, t *i18n.Translator, status int, title, message string) {
	header := w.Header()
	locale.Vary(header)
	header.Del("Content-Length")
	header.Set("X-Content-Type-Options", "nosniff")
	if !negotiate.HTML(r) {
		sayJSON(w, status, r.Method, map[string]string{"error": message})
		return
	}
	if errorpages.Respond(w, r, status, title, message) {
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, page, html.EscapeString(title), html.EscapeString(message), pageStyle, t.Language(), t.Dir())
	}
}

// sayJSON responds with a refusal in JSON.
func sayJSON(w http.ResponseWriter, status int, method string, members map[string]string) {
	header := w.Header()
	locale.Vary(header)
	header.Del("Content-Length")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Type", "application/json")
	body, _ := json.Marshal(members) // a map of strings always has JSON
	w.WriteHeader(status)
	if method != http.MethodHead {
		_, _ = w.Write(append(body, '\n'))
	}
}

// title is the heading of a page.
func title(t *i18n.Translator, status int) string {
	switch status {
	case http.StatusForbidden:
		return t.T("Forbidden")
	case http.StatusNotFound:
		return t.T("Page not found")
	}
	return t.T("Something went wrong")
}

const page = `<!DOCTYPE html>
<html lang="%[4]s" dir="%[5]s">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>%[1]s</title><style>%[3]s</style></head>
<body><main><h1>%[1]s</h1><p>%[2]s</p></main></body>
</html>
`

const pageStyle = `body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.0625rem/1.6 system-ui,sans-serif}` +
	`main{max-width:34rem;padding:2rem 1.5rem}h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}p{margin:0}`

// pagePolicy lets the page have its own style and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()
