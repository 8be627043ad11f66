package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// tunnel leads to a server, and can be cut: then it ends every connection, as a server
// does that died.
type tunnel struct {
	t      *testing.T
	to     string
	mu     sync.Mutex // guards what follows
	listen net.Listener
	at     string
	conns  []net.Conn
}

func newTunnel(t *testing.T, to string) *tunnel {
	t.Helper()
	u := &tunnel{t: t, to: to, at: "127.0.0.1:0"}
	u.mend()
	t.Cleanup(u.cut)
	return u
}

func (u *tunnel) address() string { return u.at }

// mend listens, at the same address as before.
func (u *tunnel) mend() {
	u.t.Helper()
	l, err := net.Listen("tcp", u.at)
	if err != nil {
		u.t.Fatal(err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.listen, u.at = l, l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go u.lead(conn)
		}
	}()
}

func (u *tunnel) lead(conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", u.to)
	if err != nil {
		return
	}
	defer server.Close()
	u.mu.Lock()
	u.conns = append(u.conns, conn, server)
	u.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, conn)
		server.Close()
	}()
	_, _ = io.Copy(conn, server)
}

// cut ends all connections, and lets no new one in.
func (u *tunnel) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.listen.Close()
	for _, conn := range u.conns {
		conn.Close()
	}
	u.conns = nil
}
