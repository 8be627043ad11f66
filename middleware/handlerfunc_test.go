package middleware_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestHandlerFunc: the error of a handler is handled by Fail and saves no session; one that
// comes after the response began is only logged.
func TestHandlerFunc(t *testing.T) {
	r := newRig(t)
	for name, tt := range map[string]struct {
		handler middleware.HandlerFunc
		status  int
		body    string
		log     string
	}{
		"fine": {func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, "fine")
			return err
		}, 200, "fine", ""},
		"outage": {func(http.ResponseWriter, *http.Request) error {
			return errors.New("the disk is full")
		}, 503, "We cannot reach our records", "the disk is full"},
		"refused by itself": {func(w http.ResponseWriter, req *http.Request) error {
			middleware.Say(w, req, http.StatusNotFound, "There is no such coat.")
			return nil
		}, 404, "There is no such coat.", ""},
		"too late": {func(w http.ResponseWriter, _ *http.Request) error {
			if _, err := io.WriteString(w, "half"); err != nil {
				return err
			}
			return sessions.ErrInterrupted
		}, 200, "half", "status=400"},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) error {
			return errors.Join(http.NewResponseController(w).Flush(), errors.New("the disk is full"))
		}, 200, "", "status=503"},
	} {
		r.log.take()
		r.serve(tt.handler.ServeHTTP)
		response, body := fetch(t, newClient(t), request(t, http.MethodGet, r.server.URL+"/", "", "Accept", "application/json"))
		log := r.log.take()
		if response.StatusCode != tt.status || !strings.Contains(body, tt.body) || name == "too late" && body != "half" {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
		if !strings.Contains(log, tt.log) || (tt.log == "") != (log == "") || strings.Contains(log, "superfluous") {
			t.Errorf("%s: logged %q", name, log)
		}
	}
}
