package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestGracefulStop: a request that is in flight gets its response, readiness goes
// first, and the exit status is 0, whichever signal stops the server.
func TestGracefulStop(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			stopDuringSignup(t, signal)
		})
	}
}

func stopDuringSignup(t *testing.T, signal syscall.Signal) {
	p := start(t, t.TempDir(), nil, "--stop-delay", "300ms")
	v := p.visitor()
	v.get("/readyz").expect(t, "ready", http.StatusOK, "ready")
	v.get("/healthz").expect(t, "alive", http.StatusOK, "ok")

	rest, done := signUpInHalves(t, p)
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	wait(t, "readiness goes", func() bool { return v.get("/readyz").status == http.StatusServiceUnavailable })
	v.get("/healthz").expect(t, "still alive", http.StatusOK, "ok")
	wait(t, "the server listens no more", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(rest, "password=correct+horse"); err != nil {
		t.Fatal(err)
	}
	rest.Close()
	if status := <-done; status != http.StatusCreated {
		t.Errorf("the request under way got %d", status)
	}
	<-p.ended
	if status := p.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}

// signUpInHalves sends the first half of a form. The second is written to rest, and the
// status of the response comes from done.
func signUpInHalves(t *testing.T, p *process) (rest io.WriteCloser, done <-chan int) {
	t.Helper()
	body, rest := io.Pipe()
	status := make(chan int, 1)
	go func() {
		got, err := http.Post(p.url+"/accounts/signup/", "application/x-www-form-urlencoded", body)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		got.Body.Close()
		status <- got.StatusCode
	}()
	if _, err := io.WriteString(rest, "username=alice&"); err != nil {
		t.Fatal(err)
	}
	return rest, status
}

// TestAddressInUse: what hinders the start is said in one line.
func TestAddressInUse(t *testing.T) {
	p := start(t, t.TempDir(), nil)
	cmd := quietly(t, t.TempDir(), "serve", "--addr", p.url[len("http://"):])
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("a second server on the same address: %v\n%s", err, out)
	}
}
