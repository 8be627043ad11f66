package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/coatcheck/coatcheck/sessions"
)

// sessionWriter runs the session's part of a response before its first byte.
// Everything that the server's writer can do still works: through
// http.ResponseController, and by the interfaces Flusher, Hijacker and
// ReaderFrom.
type sessionWriter struct {
	http.ResponseWriter
	config  *sessions.Config
	session *sessions.Session
	request *http.Request
	sent    bool // the request brought the cookie
	began   bool // the response has begun
	failed  bool // the session could not be saved, and the response says so
}

// Unwrap is for http.ResponseController.
func (w *sessionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader saves the session first. Informational statuses pass.
func (w *sessionWriter) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if !w.began {
		w.begin(status)
	}
	if !w.failed {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write saves the session first. After a failure what the handler writes is
// dropped.
func (w *sessionWriter) Write(p []byte) (int, error) {
	if !w.began {
		w.begin(http.StatusOK)
	}
	if w.failed {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the server's writer use the system's file sending.
func (w *sessionWriter) ReadFrom(src io.Reader) (int64, error) {
	if !w.began {
		w.begin(http.StatusOK)
	}
	if w.failed {
		return io.Copy(io.Discard, src)
	}
	return io.Copy(w.ResponseWriter, src)
}

// Flush sends what was written so far.
func (w *sessionWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written so far, the headers at least.
func (w *sessionWriter) FlushError() error {
	if !w.began {
		w.begin(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack saves the session, so that a protocol switch finds it stored, and
// hands the connection over. A cookie cannot be sent any more.
func (w *sessionWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.began {
		w.began = true
		if err := w.process(http.StatusSwitchingProtocols); err != nil {
			return nil, nil, err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
