package memory_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy is between a node and its server, and cuts or holds up what passes.
type proxy struct {
	address string

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	held  chan struct{} // closed when traffic may pass
}

// newProxy passes on to a server.
func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String(), conns: map[net.Conn]bool{}, held: make(chan struct{})}
	close(p.held)
	t.Cleanup(func() { _ = l.Close(); p.cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client, server)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn, server string) {
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[upstream] = true, true
	p.mu.Unlock()
	go p.pass(client, upstream)
	p.pass(upstream, client)
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, upstream)
	p.mu.Unlock()
}

func (p *proxy) pass(to, from net.Conn) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		<-held
		if _, failed := to.Write(buffer[:n]); failed != nil || err == io.EOF || err != nil {
			return
		}
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// hold lets nothing pass for a while, though no connection ends.
func (p *proxy) hold(d time.Duration) {
	held := make(chan struct{})
	p.mu.Lock()
	p.held = held
	p.mu.Unlock()
	time.Sleep(d)
	close(held)
}
