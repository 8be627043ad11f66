package middleware

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Trace collects the flow of each request in a flow.Trace, and calls print with its way
// through the five layers as one block of text when it is done. It belongs outermost.
func Trace(print func(block string)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			trace := flow.NewTrace()
			sw := &statusWriter{ResponseWriter: w}
			start, outcome := time.Now(), "no answer"
			defer func() {
				if sw.status != 0 {
					outcome = strconv.Itoa(sw.status)
				}
				print(trace.Format(fmt.Sprintf("%s %q  →  %s in %s", r.Method, requestinfo.LogPath(r), outcome, time.Since(start).Round(time.Microsecond))))
			}()
			next.ServeHTTP(sw, r.WithContext(flow.WithSink(r.Context(), trace)))
			outcome = strconv.Itoa(http.StatusOK) // of a handler that wrote nothing
		})
	}
}

// statusWriter remembers the status, and can what the server's writer can.
type statusWriter struct {
	http.ResponseWriter
	status int // 0 as long as the response has not begun
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader remembers the final status.
func (w *statusWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) begin(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write begins a response of 200.
func (w *statusWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// ReadFrom lets the server's writer use the system's file sending.
func (w *statusWriter) ReadFrom(src io.Reader) (int64, error) {
	w.begin(http.StatusOK)
	return io.Copy(w.ResponseWriter, src)
}

// Flush begins a response of 200 and sends what was written so far.
func (w *statusWriter) Flush() { _ = w.FlushError() }

// FlushError begins a response of 200 and sends what was written so far.
func (w *statusWriter) FlushError() error {
	w.begin(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over, which counts as a protocol switch.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.begin(http.StatusSwitchingProtocols)
	}
	return conn, rw, err
}
