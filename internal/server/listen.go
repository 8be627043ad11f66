package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	unixPrefix  = "unix:"
	systemdAddr = "systemd"
	maxSocket   = 107 // bytes of the path of a Unix socket
	firstFD     = 3   // of those that systemd hands over
)

// Address is where a server listens, as the flags say.
type Address struct {
	Addr       string // HOST:PORT, unix:PATH, or systemd
	SocketMode string // of the Unix socket, in octal
}

// Check refuses an address at which nobody can listen. It leaves the port alone, which
// a running server may have.
func (a Address) Check(ctx context.Context) error {
	switch a.Addr {
	case "":
		return errors.New("--addr is empty; write HOST:PORT, unix:PATH or systemd")
	case systemdAddr:
		return nil
	}
	if path, ok := strings.CutPrefix(a.Addr, unixPrefix); ok {
		_, err := a.socketMode()
		return errors.Join(err, checkSocket(path))
	}
	host, port, err := net.SplitHostPort(a.Addr)
	if err != nil || port == "" {
		return fmt.Errorf("--addr is %q; write HOST:PORT, unix:PATH or systemd", a.Addr)
	}
	if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil {
		return fmt.Errorf("--addr: %q is no port; write a number up to 65535", port)
	}
	var trying net.ListenConfig
	l, err := trying.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("--addr: nobody can listen at %q, since it is no address of this machine: %w",
			host, err)
	}
	return l.Close()
}

// checkSocket refuses a path at which there can be no Unix socket.
func checkSocket(path string) error {
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case path == "" || len(path) > maxSocket:
		return fmt.Errorf("--addr: write unix:PATH, where the path has %d bytes at most", maxSocket)
	case err != nil || !info.IsDir():
		return fmt.Errorf("--addr: there is no folder %s for the socket; create it", filepath.Dir(path))
	}
	if info, err = os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("--addr: %s is there and no socket; remove it or name another path", path)
	}
	return nil
}

func (a Address) socketMode() (fs.FileMode, error) {
	mode, err := strconv.ParseUint(a.SocketMode, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fmt.Errorf("--socket-mode is %q; write a mode in octal, such as 0660", a.SocketMode)
	}
	return fs.FileMode(mode), nil
}

// Listen listens, or returns the error of Check or of the system.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	if err := a.Check(ctx); err != nil {
		return nil, err
	}
	if a.Addr == systemdAddr {
		return handedOver()
	}
	var listening net.ListenConfig
	if path, ok := strings.CutPrefix(a.Addr, unixPrefix); ok {
		return a.listenUnix(ctx, path)
	}
	return listening.Listen(ctx, "tcp", a.Addr)
}

// listenUnix creates the socket, in the place of one that a dead server left.
func (a Address) listenUnix(ctx context.Context, path string) (net.Listener, error) {
	mode, err := a.socketMode()
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	if conn, err := dialer.DialContext(ctx, "unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("another server listens at %s", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of a server that is gone: %w", err)
	}
	var listening net.ListenConfig
	l, err := listening.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// handedOver is the socket of systemd (sd_listen_fds).
func handedOver() (net.Listener, error) {
	pid, n := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	if n != "1" || pid != strconv.Itoa(os.Getpid()) {
		return nil, fmt.Errorf("--addr is systemd, which handed over %s sockets to process %s, and this "+
			"is process %d; "+
			"start it by a .socket unit with one ListenStream",
			cmp.Or(n, "no"), cmp.Or(pid, "none"), os.Getpid())
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	file := os.NewFile(firstFD, systemdAddr)
	l, err := net.FileListener(file)
	if err != nil {
		err = fmt.Errorf("--addr is systemd, and what it handed over is no socket that listens: %w", err)
	}
	return l, errors.Join(err, file.Close())
}

// URL is the address of a listener as one would type it into a browser, or unix:PATH.
func URL(addr net.Addr) string {
	if addr.Network() == "unix" {
		return unixPrefix + addr.String()
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
