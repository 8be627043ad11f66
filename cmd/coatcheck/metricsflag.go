package main

import (
	"context"
	"fmt"
	"net"

	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/server"
)

// metricsFlag opens the metrics.
type metricsFlag struct {
	Addr string `group:"log" name:"metrics-addr" placeholder:"HOST:PORT" help:"Where to listen for Prometheus, as in 127.0.0.1:9100; nothing but /metrics is served there. None by default."`
}

// check returns what is wrong with the flag.
func (f *metricsFlag) check() error {
	host, port, err := net.SplitHostPort(f.Addr)
	if f.Addr != "" && (err != nil || host == "" || port == "") {
		return usageError{fmt.Errorf("--metrics-addr is %q; write HOST:PORT, such as "+
			"127.0.0.1:9100", f.Addr)}
	}
	return nil
}

// listen listens where the flag says, or returns nil without it.
func (f *metricsFlag) listen(ctx context.Context) (net.Listener, error) {
	if err := f.check(); err != nil || f.Addr == "" {
		return nil, err
	}
	var listening net.ListenConfig
	l, err := listening.Listen(ctx, "tcp", f.Addr)
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr: nobody can listen at %s; name an address of this machine "+
			"and a port that no other program has: %w", f.Addr, err)
	}
	return l, nil
}

// serve lets the server respond with the metrics at the listener, if there is one, and reports where.
func (f *metricsFlag) serve(con *console.Console, s *server.Server, l net.Listener) {
	s.ServeMetrics(l)
	if l != nil {
		fmt.Fprintf(con.Err, "The metrics are at %smetrics.\n", server.URL(l.Addr()))
	}
}
