package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestFail checks the table of failures: status, sentence, headers, and the line
// of the log.
func TestFail(t *testing.T) {
	const detail = "SELECT * FROM secrets"
	r := newRig(t)
	for _, tt := range []struct {
		err      error
		status   int
		sentence string
		level    string
	}{
		{errors.New(detail), 503, "You have not been logged out", "ERROR"},
		{&sessions.StoreError{Op: "load", Err: errors.New(detail)}, 503, "You have not been logged out", "ERROR"},
		{context.DeadlineExceeded, 503, "You have not been logged out", "ERROR"},
		{context.Canceled, 503, "You have not been logged out", "INFO"},
		{password.ErrBusy, 503, "Many people are logging in", "ERROR"},
		{accounts.ErrQueueFull, 503, "Too many emails", "ERROR"},
		{sessions.ErrInterrupted, 400, "Your session ended", "INFO"},
		{sessions.ErrExpiry, 500, "could not be read", "ERROR"},
		{sessions.ErrReadOnly, 500, "another part of the site wrote", "ERROR"},
		{&sessions.StoreError{Op: "save", Err: sessions.ErrTooLarge}, 500, "too large", "ERROR"},
		{sessions.ErrNoSession, 500, "set up wrongly", "ERROR"},
		{auth.ErrNoAuthentication, 500, "set up wrongly", "ERROR"},
		{auth.ErrBackendUnknown, 500, "set up wrongly", "ERROR"},
		{safeurl.ErrLoginURL, 500, "set up wrongly", "ERROR"},
		{safeurl.ErrRedirect, 400, "too long", "INFO"},
	} {
		err := fmt.Errorf("while looking at <b>%s</b>: %w", detail, tt.err)
		r.serve(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Length", "99999")
			middleware.Fail(w, req, err)
		})
		for _, accept := range []string{"text/html", "application/json", "*/*", ""} {
			response, body := fetch(t, newClient(t), request(t, http.MethodGet, r.server.URL+"/page?q=private", "", "Accept", accept))
			h := response.Header
			if response.StatusCode != tt.status || (h.Get("Retry-After") != "") != (tt.status == 503) ||
				h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h["Set-Cookie"] != nil {
				t.Errorf("%v: %d %v", tt.err, response.StatusCode, h)
			}
			text := body
			if accept == "text/html" {
				if !strings.HasPrefix(body, "<!DOCTYPE html>") || h.Get("Content-Type") != "text/html; charset=utf-8" ||
					!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
					t.Errorf("%v as a page: %v\n%s", tt.err, h, body)
				}
			} else {
				var answer map[string]string
				if err := json.Unmarshal([]byte(body), &answer); err != nil || h.Get("Content-Type") != "application/json" || len(answer) != 1 {
					t.Errorf("%v for %q: %v %v %q", tt.err, accept, err, h, body)
				}
				text = answer["error"]
			}
			if !strings.Contains(text, tt.sentence) || strings.Contains(body, "SELECT") || strings.Contains(body, "while looking") {
				t.Errorf("%v for %q: %q", tt.err, accept, body)
			}
			log := r.log.take()
			if !strings.Contains(log, "level="+tt.level) || !strings.Contains(log, detail) || !strings.Contains(log, "path=/page ") || strings.Contains(log, "private") {
				t.Errorf("%v: the log says %q", tt.err, log)
			}
		}
	}
}
