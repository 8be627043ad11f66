package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBodyLimit: no handler behind the limit reads more than a mebibyte, no matter who wrote it.
func TestBodyLimit(t *testing.T) {
	server := httptest.NewServer((&Server{}).limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})))
	defer server.Close()
	for size, status := range map[int]int{
		maxBodyBytes: http.StatusOK, maxBodyBytes + 1: http.StatusRequestEntityTooLarge,
	} {
		r, err := http.Post(server.URL, "text/plain", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != status {
			t.Errorf("%d bytes: %d, want %d", size, r.StatusCode, status)
		}
	}
}

// TestPanic: a handler that panics gives 500, and the log says where; one that
// panics in the midst of a response breaks the connection.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
	w := httptest.NewRecorder()
	s.survive(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of coats") })).
		ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "coats") {
		t.Errorf("the answer is %d %s", w.Code, w.Body)
	}
	if text := log.String(); !strings.Contains(text, "out of coats") || !strings.Contains(text, "TestPanic") {
		t.Errorf("the log says %s", text)
	}
	for name, h := range map[string]http.HandlerFunc{
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("out of coats")
		},
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		func() {
			defer func() {
				if cause := recover(); cause != http.ErrAbortHandler {
					t.Errorf("%s: recovered %v", name, cause)
				}
			}()
			s.survive(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
}

// TestTokensAreNotLogged: neither the log of requests nor the trace has what a link
// of an email is worth.
func TestTokensAreNotLogged(t *testing.T) {
	const token = "EVFH4LJPSW7RH5ZATEWAAWPO5V"
	var log bytes.Buffer
	s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	link := httptest.NewRequest("GET", "/accounts/not-me/"+token+"/", nil)
	s.logged(answer).ServeHTTP(httptest.NewRecorder(), link)
	s.Trace = &log
	s.observed(answer).ServeHTTP(httptest.NewRecorder(), link)
	if text := log.String(); strings.Contains(text, token) || strings.Count(text, "/accounts/not-me/EVFH…/") != 2 {
		t.Errorf("the log says %s", text)
	}
}
