package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// comeBy lets the visitor come by a Unix socket.
func (v *visitor) comeBy(socket string) {
	v.base = "http://www.example.com"
	v.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
}

// TestUnixSocket: the server listens at a socket with the mode of the flag, takes the place
// of a dead server's and no living one's, and removes it at its end.
func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "coatcheck.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	p := start(t, dir, nil, "--addr", "unix:"+socket, "--socket-mode", "0600", "--trusted-proxy", "unix")
	if p.url != "unix:"+socket {
		t.Errorf("the server is at %s", p.url)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	v := p.visitor()
	v.comeBy(socket)
	v.post("/accounts/signup/", credentials("alice", "correct horse"))
	v.post("/accounts/login/", credentials("alice", "correct horse"), "X-Forwarded-For", "192.0.2.1")
	if got := v.get("/accounts/sessions/"); !strings.Contains(got.body, `"ip":"192.0.2.1"`) {
		t.Errorf("the sessions: %d %s", got.status, got.body)
	}
	if out := refused(t, "serve", "--addr", "unix:"+socket); !strings.Contains(out, "another server listens at") {
		t.Error(out)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

// TestSocketActivation: systemd listens, and hands the socket over.
func TestSocketActivation(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec coatcheck serve --addr systemd`)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = t.TempDir(), environment(), []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()         //nolint:errcheck // it was killed
	defer cmd.Process.Kill() //nolint:errcheck // unless it has ended
	v := (&process{t: t, url: "http://" + l.Addr().String()}).visitor()
	v.get("/healthz").expect(t, "alive", http.StatusOK, "ok") // the socket waits for the server
	if out := refused(t, "serve", "--addr", "systemd"); !strings.Contains(out, ".socket unit") {
		t.Error(out)
	}
}

// TestAddressRefused: check and serve refuse an address at which nobody can listen.
func TestAddressRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"8000": "write HOST:PORT", "127.0.0.1:99999": "is no port", "192.0.2.1:8000": "is no address of this machine", "": "--addr is empty",
		"unix:": "write unix:PATH", "unix:/none/x.sock": "there is no folder", "unix:" + file: "is there and no socket",
		"unix:/" + strings.Repeat("x", 200): "107 bytes",
	} {
		if out := refused(t, "check", "--addr", addr); !strings.Contains(out, want) {
			t.Errorf("%q: %s", addr, out)
		}
	}
	if out := refused(t, "serve", "--addr", "unix:x.sock", "--socket-mode", "rw"); !strings.Contains(out, "write a mode in octal") {
		t.Error(out)
	}
}
