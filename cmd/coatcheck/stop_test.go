package main

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestGracefulStop: a request that is under way gets its answer, readiness goes
// first, and the exit status is 0.
func TestGracefulStop(t *testing.T) {
	p := start(t, t.TempDir(), []string{"COATCHECK_PASSWORD_ITERATIONS=3000000"}, "--stop-delay", "300ms")
	v := p.visitor()
	v.get("/readyz").expect(t, "ready", http.StatusOK, "ready")
	v.get("/healthz").expect(t, "alive", http.StatusOK, "ok")
	done := make(chan answer, 1)
	go func() { done <- p.visitor().post("/accounts/signup/", credentials("alice", "correct horse")) }()
	time.Sleep(100 * time.Millisecond) // until it hashes
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait(t, "readiness goes", func() bool { return v.get("/readyz").status == http.StatusServiceUnavailable })
	v.get("/healthz").expect(t, "still alive", http.StatusOK, "ok")
	select {
	case got := <-done:
		got.expect(t, "the request under way", http.StatusCreated, `{"message":"User created successfully"}`)
	case <-time.After(12 * time.Second):
		t.Fatal("the request under way got no answer")
	}
	<-p.ended
	if status := p.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
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
