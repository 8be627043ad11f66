package redis_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// server is a redis-server of a test's own, for what testenv.Redis does not
// offer: replicas, Sentinels, clusters, passwords.
type server struct {
	address string // host:port
	port    string
	path    string // of its socket
	dir     string
	args    []string
	cmd     *exec.Cmd
}

// startRedis starts a server with further arguments, which may begin with the
// path of a configuration file. It ends with the test.
func startRedis(t *testing.T, args ...string) *server {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "redis") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &server{address: "127.0.0.1:" + port, port: port, path: filepath.Join(dir, "s"), dir: dir}
	s.args = append(args, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--loglevel", "notice")
	if len(args) == 0 || args[len(args)-1] != "--sentinel" {
		s.args = append(s.args, "--save", "", "--appendonly", "no", "--unixsocket", s.path)
	}
	t.Cleanup(s.kill)
	s.start(t)
	return s
}

// freePort is one whose number leaves room for the cluster's own port, 10,000
// above.
func freePort() (string, error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err := errors.Join(err, l.Close()); err != nil {
			return "", err
		}
		var n int
		if _, err := fmt.Sscan(port, &n); err != nil {
			return "", err
		}
		if n < 55000 {
			return port, nil
		}
	}
	return "", errors.New("no free port below 55000")
}

func (s *server) start(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if testenv.InCI() {
			t.Fatal(err)
		}
		t.Skip("redis-server is not on this machine; apt-get install redis-server")
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, 10*time.Second, "the server to listen", func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// kill ends the server at once, as a machine that loses its power does.
func (s *server) kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()         // its status is the signal's
		s.cmd = nil
	}
}

// wait asks again until it is so.
func wait(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", limit, what)
		}
	}
}

// ask sends one command, in the inline form, and returns the response's first line
// and, of a text, the rest.
func (s *server) ask(command string) string {
	conn, err := net.DialTimeout("tcp", s.address, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return ""
	}
	fmt.Fprintf(conn, "%s\r\n", command)
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "$") {
		return line
	}
	var n int
	if _, err := fmt.Sscanf(line, "$%d", &n); err != nil || n < 0 {
		return ""
	}
	body := make([]byte, n)
	for at := 0; at < n; {
		m, err := r.Read(body[at:])
		if err != nil {
			return ""
		}
		at += m
	}
	return string(body)
}
