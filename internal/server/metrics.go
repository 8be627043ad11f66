package server

import (
	"errors"
	"net"
	"net/http"

	"github.com/coatcheck/coatcheck/flow/flowlog"
	"github.com/coatcheck/coatcheck/metrics"
)

// ServeMetrics lets Serve count, and respond with the metrics at the listener; nil is none.
func (s *Server) ServeMetrics(l net.Listener) {
	if l != nil {
		s.metrics, s.forMetrics = metrics.New(s.Site), l
	}
}

// serveMetrics begins to respond with the metrics. It returns a function that ends that.
func (s *Server) serveMetrics() (end func()) {
	web := s.web(s.metrics)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := web.Serve(s.forMetrics); !errors.Is(err, http.ErrServerClosed) {
			s.Log.Error("the metrics are not served any more", "error", err)
		}
	}()
	return func() {
		_ = web.Close()
		<-done
	}
}

// watched lets the metrics and the log see each request, as far as there are any.
func (s *Server) watched(h http.Handler) http.Handler {
	if s.LogFlow {
		h = flowlog.New(s.Log)(h)
	}
	if s.metrics != nil {
		h = s.metrics.Record(h)
	}
	return h
}
