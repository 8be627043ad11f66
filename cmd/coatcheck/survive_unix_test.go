//go:build unix

package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSurvives: a hang-up that the server was started to ignore, a log and a standard output
// whose reader is gone, and a full disk under them, end nothing.
func TestSurvives(t *testing.T) {
	for name, run := range map[string]string{
		"nohup":                `nohup coatcheck serve "$@"`,
		"no reader of the log": `coatcheck serve "$@" 2>&1 >out | head -c 1 >first`,
		"no reader of either":  `coatcheck serve "$@" 2>&1 | head -c 1 >out`,
		"a full disk":          `coatcheck serve "$@" 2>/dev/full >out`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survive(t, name, run)
		})
	}
}

func survive(t *testing.T, name, run string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "out"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	addr := freeAddress(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", run, "sh", "--addr", addr)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, environment(), time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // the group: the shell and the server
		_ = cmd.Wait()
	})
	p := &process{t: t, url: "http://" + addr}
	wait(t, "the server answers", func() bool {
		got, err := http.Get(p.url + "/healthz")
		if err == nil {
			got.Body.Close()
		}
		return err == nil
	})
	v := p.visitor()
	v.enter("alice", "correct horse") // each request writes a line to the log
	if name == "nohup" {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		if got := v.get("/api/profile"); got.status != http.StatusOK {
			t.Fatalf("the profile gives %d %s", got.status, got.body)
		}
	}
}

// freeAddress returns an address of the loopback that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
