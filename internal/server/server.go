// Package server is the HTTP server of coatcheck serve: where it listens, its limits, and how it
// stops. It is a part of the programs.
package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/internal/docsite"
	"github.com/coatcheck/coatcheck/internal/probe"
	"github.com/coatcheck/coatcheck/metrics"
)

// Limits of the server. Each request costs what its size says, and a client
// that is slow, idle or greedy is let go.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second // header and body
	writeTimeout   = 30 * time.Second // from the end of the header on
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 32 << 10
	maxBodyBytes   = 1 << 20
	maxCookies     = 300 // browsers keep 180 or so for a site
	stopTimeout    = 10 * time.Second
)

// Server is the site behind a listener. All fields but Trace, Mounted, Home, Inspector, Docs,
// Probe and StopDelay are needed.
type Server struct {
	Site        *coatcheck.Site
	Log         *slog.Logger
	Headers     func(http.Handler) http.Handler // those of every response
	Trace       io.Writer                       // nil for no trace
	LogRequests bool                            // a line for each request, where there is no trace
	LogFlow     bool                            // its verdict and reason, and each step for debugging
	Mounted     string                          // the path below which a proxy mounts the site, or empty
	Home        http.Handler                    // the page at /; nil for the one of the site
	Inspector   *inspector.Inspector            // nil for none
	Docs        *docsite.Site                   // the documentation; nil for none
	Probe       probe.Handler                   // responds to coatcheck doctor; nil for nothing
	Engine      string                          // where sessions are kept, as the flag says
	StopDelay   time.Duration                   // from the stop signal on, while /readyz says no
	stopping    atomic.Bool
	metrics     *metrics.Metrics // nil for none
	forMetrics  net.Listener
}

// web is the HTTP server with its limits.
func (s *Server) web(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
}

// Serve handles requests and keeps house until ctx is done. It then lets the
// requests that are in flight finish, for ten seconds at most.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	web := s.web(s.handler())
	if s.Inspector != nil {
		web.RegisterOnShutdown(s.Inspector.Close)
	}
	var house sync.WaitGroup
	defer house.Wait()
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	background := keeping
	if s.metrics != nil {
		background = s.metrics.Background(keeping)
		defer s.serveMetrics()()
	}
	house.Go(func() {
		if err := s.Site.Run(background); err != nil {
			s.Log.Error("housekeeping ended", "error", err)
		}
	})
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return s.stop(web)
}

// stop is graceful: readiness goes first, then the connections, as they end
// their requests.
func (s *Server) stop(web *http.Server) error {
	s.stopping.Store(true)
	s.Log.Info("stopping")
	web.SetKeepAlivesEnabled(false)
	time.Sleep(s.StopDelay)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := web.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.Log.Warn("some requests were still in flight after ten seconds; they were cut off")
		err = web.Close()
	}
	s.Log.Info("stopped")
	return err
}
