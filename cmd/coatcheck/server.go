package main

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

// server is the site behind a listener.
type server struct {
	site        *coatcheck.Site
	log         *slog.Logger
	headers     func(http.Handler) http.Handler
	trace       io.Writer // nil for no trace
	logRequests bool
	mounted     string // the path below which a proxy mounts the site, or empty
	engine      string // where sessions are kept, as the flag says
	stopDelay   time.Duration
	stopping    *atomic.Bool // set by the stop signal; from then on /readyz says no
}

// web is the HTTP server with its limits.
func (s *server) web(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

// serve answers requests and keeps house until ctx is done. It then lets the
// requests that are under way finish, for ten seconds at most.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	web := s.web(s.handler())
	var house sync.WaitGroup
	defer house.Wait()
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	house.Go(func() {
		if err := s.site.Run(keeping); err != nil {
			s.log.Error("housekeeping ended", "error", err)
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
func (s *server) stop(web *http.Server) error {
	s.stopping.Store(true)
	s.log.Info("stopping")
	web.SetKeepAlivesEnabled(false)
	time.Sleep(s.stopDelay)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := web.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("some requests were still under way after ten seconds; they were cut off")
		err = web.Close()
	}
	s.log.Info("stopped")
	return err
}
