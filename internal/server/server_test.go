package server

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// oneConn is a listener that accepts one connection.
type oneConn struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error   { close(l.done); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestClientsThatHang: a client that sends no whole header or body, reads no
// response, or sends nothing more is let go, each after its time.
func TestClientsThatHang(t *testing.T) {
	const whole = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
	for name, test := range map[string]struct {
		sent  string
		reads bool
		after time.Duration
	}{
		"half a header":   {"GET / HTTP/1.1\r\nHost: a.example\r\n", true, headerTimeout},
		"half a body":     {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\na", true, readTimeout},
		"reads nothing":   {whole, false, writeTimeout},
		"sends no second": {whole, true, idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Server{Log: slog.New(slog.DiscardHandler)}
				web := s.web(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						panic(http.ErrAbortHandler)
					}
					_, _ = w.Write(make([]byte, 1<<20))
				}))
				var closedAfter atomic.Int64 // of the time of the bubble
				start := time.Now()
				web.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						closedAfter.Store(int64(time.Since(start)))
					}
				}
				client, conn := net.Pipe() // without buffers: who does not read lets nobody write
				l := &oneConn{make(chan net.Conn, 1), make(chan struct{})}
				l.conns <- conn
				ended := make(chan error)
				go func() { ended <- web.Serve(l) }()
				if _, err := io.WriteString(client, test.sent); err != nil {
					t.Fatal(err)
				}
				if test.reads {
					go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(client)) }()
				}
				time.Sleep(test.after - time.Second)
				synctest.Wait()
				if closed := closedAfter.Load(); closed != 0 {
					t.Errorf("the client is let go after %v", time.Duration(closed))
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				closed := time.Duration(closedAfter.Load())
				if closed < test.after || closed > test.after+time.Second {
					t.Errorf("the client is let go after %v, want %v", closed, test.after)
				}
				client.Close()
				if web.Close(); !errors.Is(<-ended, http.ErrServerClosed) {
					t.Error("the server ended by itself")
				}
			})
		})
	}
}
