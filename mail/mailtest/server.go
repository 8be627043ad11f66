package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TLS specifies how a server encrypts.
type TLS string

const (
	// NoTLS offers no encryption: what is left of a server when an attacker on
	// the way strips STARTTLS from its response.
	NoTLS TLS = ""
	// StartTLS offers STARTTLS, and takes neither email nor passwords before it.
	StartTLS TLS = "starttls"
	// ImplicitTLS speaks TLS from the first byte.
	ImplicitTLS TLS = "tls"
)

// The names of what is no command, for Config.Replies and Config.Silent.
const (
	// Greeting is the first line of the server.
	Greeting = "greeting"
	// EndOfData is the line with a dot that ends a message.
	EndOfData = "."
)

// Config is how a server behaves. The zero value takes everything, in clear text
// and from everybody.
type Config struct {
	// TLS is NoTLS when empty. The certificate is a throwaway one, for 127.0.0.1
	// and localhost: see Server.RootCAs.
	TLS TLS
	// Username and Password, where given, are demanded before email is taken.
	Username, Password string
	// Mechanisms are the ways to authenticate, out of PLAIN, LOGIN and CRAM-MD5;
	// all three when empty.
	Mechanisms []string
	// Replies are sent to commands instead of what is right, and the command
	// is not obeyed: {"RCPT": "550 5.1.1 no such user"}. A greeting, and a reply
	// with the code 421, end the connection.
	Replies map[string]string
	// Silent is a command to which the server never replies.
	Silent string
	// NoSMTPUTF8 leaves out the extension for addresses that are not ASCII.
	NoSMTPUTF8 bool
}

// Server is a running mail server. It is safe for concurrent use.
type Server struct {
	config   Config
	listener net.Listener
	tls      *tls.Config
	roots    *x509.CertPool
	done     chan struct{}
	group    sync.WaitGroup

	mu       sync.Mutex // guards what follows
	conns    map[net.Conn]bool
	messages []Received
	commands []string
	changed  chan struct{} // closed, and made anew, when a message has come
}

// NewServer starts a server which takes everything, and stops it at the end of
// the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	return Start(t, Config{})
}

// Start starts a server on a free port of 127.0.0.1, and stops it at the end of
// the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	if len(c.Mechanisms) == 0 {
		c.Mechanisms = []string{"CRAM-MD5", "PLAIN", "LOGIN"}
	}
	certificate, roots, err := newCertificate()
	if err != nil {
		t.Fatalf("mailtest: make a certificate: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("mailtest: listen: %v", err)
	}
	s := &Server{
		config:   c,
		listener: listener,
		tls:      &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		roots:    roots,
		done:     make(chan struct{}),
		conns:    make(map[net.Conn]bool),
		changed:  make(chan struct{}),
	}
	s.group.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.admit(conn) {
			return
		}
		s.group.Go(func() {
			defer s.forget(conn)
			newSession(s, conn).serve()
		})
	}
}

// admit remembers a connection, so that stop ends it; false when that was.
func (s *Server) admit(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		_ = conn.Close()
		return false
	default:
		s.conns[conn] = true
		return true
	}
}

func (s *Server) forget(conn net.Conn) {
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
	_ = conn.Close()
}

func (s *Server) stop() {
	close(s.done)
	_ = s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
}

// Addr is host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Host is "127.0.0.1".
func (s *Server) Host() string { return s.listener.Addr().(*net.TCPAddr).IP.String() }

// Port is where the server listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// RootCAs are the authorities by which a client trusts the server.
func (s *Server) RootCAs() *x509.CertPool { return s.roots }

// Messages are those that have come, in the order of their arrival.
func (s *Server) Messages() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Commands are the lines that all clients sent, apart from messages and the
// secrets of AUTH. A handshake that failed is none.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// patience is how long Wait waits.
const patience = 10 * time.Second

// Wait returns all messages as soon as there are n. After ten seconds with fewer
// it fails the test.
func (s *Server) Wait(t testing.TB, n int) []Received {
	t.Helper()
	over := time.After(patience)
	for {
		s.mu.Lock()
		messages, changed := slices.Clone(s.messages), s.changed
		s.mu.Unlock()
		if len(messages) >= n {
			return messages
		}
		select {
		case <-changed:
		case <-over:
			t.Fatalf("mailtest: %d messages came within %v, want %d; the commands were:\n%s",
				len(messages), patience, n, strings.Join(s.Commands(), "\n"))
		}
	}
}

func (s *Server) keep(m Received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}
