package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// beforeWriter asks its beginner once, with the status, ahead of the first byte of the
// response, to add headers. Everything that the server's writer can do still works: through
// http.ResponseController, and by the interfaces Flusher, Hijacker and
// ReaderFrom.
type beforeWriter struct {
	http.ResponseWriter
	by     beginner
	began  bool // the response has begun
	failed bool // with a response of giveUp
}

// beginner adds what it has to add before a response begins. It is an interface
// and not two functions because each request would allocate those.
type beginner interface {
	process(status int) error
	giveUp(err error) // responds in the handler's place, after an error of process
}

// beginFuncs is a beginner of functions.
type beginFuncs struct {
	before func(status int) error
	fail   func(err error)
}

func (f beginFuncs) process(status int) error { return f.before(status) }
func (f beginFuncs) giveUp(err error)         { f.fail(err) }

// Unwrap is for http.ResponseController.
func (w *beforeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *beforeWriter) begin(status int) {
	if w.began {
		return
	}
	w.began = true
	if err := w.by.process(status); err != nil {
		w.failed = true
		w.by.giveUp(err)
	}
}

// WriteHeader begins the response. Informational statuses pass.
func (w *beforeWriter) WriteHeader(status int) {
	if status < 100 || status >= 200 || status == http.StatusSwitchingProtocols {
		w.begin(status)
	}
	if !w.failed {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write begins the response. After a failure what the handler writes is dropped.
func (w *beforeWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	if w.failed {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the server's writer use the system's file sending.
func (w *beforeWriter) ReadFrom(src io.Reader) (int64, error) {
	w.begin(http.StatusOK)
	if w.failed {
		return io.Copy(io.Discard, src)
	}
	return io.Copy(w.ResponseWriter, src)
}

// Flush sends what was written so far.
func (w *beforeWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written so far, the headers at least.
func (w *beforeWriter) FlushError() error {
	w.begin(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over, on which no header can be sent any more.
func (w *beforeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !w.began {
		w.began = true
		if err := w.by.process(http.StatusSwitchingProtocols); err != nil {
			return nil, nil, err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
