package main

import (
	"context"

	"github.com/coatcheck/coatcheck/internal/server"
)

// listenFlags say where the server listens.
type listenFlags struct {
	Addr       string `group:"server" default:"127.0.0.1:8000" help:"Where to listen: HOST:PORT, \":8000\" for every interface, unix:PATH for a Unix socket, or systemd for the socket that it hands over (LISTEN_FDS)."`
	SocketMode string `group:"server" default:"0660" help:"Who may connect to the Unix socket, as the mode of a file in octal; proxies need to write."`
}

// address is what the flags say.
func (f *listenFlags) address() server.Address {
	return server.Address{Addr: f.Addr, SocketMode: f.SocketMode}
}

// check refuses an address at which nobody can listen.
func (f *listenFlags) check(ctx context.Context) error {
	if err := f.address().Check(ctx); err != nil {
		return usageError{err}
	}
	return nil
}
