// Package watch collects what a request does on its way through the layers, and what comes of
// it. It is on floor 0, the pure tools.
package watch

import (
	"bufio"
	"cmp"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

// Request is a request that is done, with its flow.
type Request struct {
	Came   *http.Request // as it came in
	Flow   *flow.Trace
	Begun  time.Time
	Took   time.Duration
	Status int         // 0 where there was no response, since the handler panicked
	Header http.Header // of the response
}

// Requests collects the flow of each request in a flow.Trace, and calls done when the request is
// done. It belongs outermost.
func Requests(done func(*Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			watched := &Request{Came: r, Flow: flow.NewTrace(), Begun: time.Now(), Header: w.Header()}
			sw, otherwise := &statusWriter{ResponseWriter: w}, 0
			defer func() {
				watched.Status, watched.Took = cmp.Or(sw.status, otherwise), time.Since(watched.Begun)
				done(watched)
			}()
			next.ServeHTTP(sw, r.WithContext(flow.WithSink(r.Context(), watched.Flow)))
			otherwise = http.StatusOK // of a handler that wrote nothing
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
