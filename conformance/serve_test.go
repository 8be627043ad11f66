package conformance_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// server is a running coatcheck serve beside a twin. It is a side.
type server struct {
	base string
	log  *syncBuffer
}

// startServe runs coatcheck serve on the database and a free port until the test ends,
// with the key of the twins and a cheap hasher.
func startServe(t *testing.T, db testenv.Database, args ...string) *server {
	t.Helper()
	return startServeIn(t, t.TempDir(), []string{
		"COATCHECK_CREATE=true",
		"COATCHECK_DATABASE=" + db.URL(), "COATCHECK_SECRET_KEY=" + secretKey, "COATCHECK_GUARD=cross-origin",
	}, args...)
}

// startServeIn is startServe in a folder, with an environment.
func startServeIn(t *testing.T, dir string, env []string, args ...string) *server {
	t.Helper()
	path, err := binary()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), path, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "COATCHECK_PASSWORD_ITERATIONS=10000"), env...)
	s := &server{log: &syncBuffer{}}
	cmd.Stderr = s.log
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("coatcheck's log:\n%s", s.log)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // the log tells
		t.Fatalf("coatcheck serve printed no address: %v\n%s", err, s.log)
	}
	s.base = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(line, "Coatcheck is at ")), "/")
	return s
}

// URL is an address of the server.
func (s *server) URL(path string) string { return s.base + path }

// count is how many lines of the log hold all of the texts.
func (s *server) count(texts ...string) (n int) {
lines:
	for line := range strings.Lines(s.log.String()) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		n++
	}
	return n
}

// syncBuffer is written by a process while the test reads it.
type syncBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// eventually waits until done reports true, a minute at most.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute in vain for %s", what)
		}
	}
}
