package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// startTimeout bounds how long a server may take to respond. It is long because
// a machine under load is slow, not because a server is.
const startTimeout = 60 * time.Second

// attempts is how often a server is started again on another port when it ends
// at once: between our look for a free port and its use another may take it.
const attempts = 3

// errAbsent is at the root of every error that says that a component is not on
// this machine, which skips a test where another error fails it.
var errAbsent = errors.New("not on this machine")

// freePort is a port of the loopback that nobody listens on right now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// find looks for a program in PATH, then by the patterns, the highest version
// first.
func find(name string, patterns ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(paths, func(a, b string) int { return firstNumber(b) - firstNumber(a) })
		for _, path := range paths {
			if _, err := exec.LookPath(path); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s is %w", name, errAbsent)
}

// firstNumber is the first number in a path, /usr/lib/postgresql/15/bin: 15.
func firstNumber(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0]) // digits only; too many of them sort last
	return n
}

// log is the end of what the server printed, for an error message.
func (p *process) log() string {
	if p == nil {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "server.log"))
	if err != nil || len(text) == 0 {
		return ""
	}
	const most = 4000
	return "\n" + string(text[max(0, len(text)-most):])
}

// over reports whether the server ended by itself.
func (p *process) over() bool {
	_, err := os.Stat(filepath.Join(p.dir, "ended"))
	return err == nil
}

// answering waits until somebody accepts connections at the address.
func (p *process) answering(address string) error {
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if p.over() {
			break
		}
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("does not respond at %s:%s", address, p.log())
}
