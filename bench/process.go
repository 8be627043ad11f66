package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// errAbsent means that what a case needs is not on this machine.
var errAbsent = errors.New("not installed")

// A process is a child: a server or the client.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	ready protocol.Ready
}

// launch starts a child. It ends when its input does.
func launch(ctx context.Context, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = append(os.Environ(), childEnv+"=1")
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	return p, p.cmd.Start()
}

// childEnv is the variable by which a test binary is the server or the client.
const childEnv = "COATCHECK_BENCH_CHILD"

// stop ends the child.
func (p *process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

// serve starts a server on the data; pinned, on the first processor alone.
func (b *bench) serve(ctx context.Context, s protocol.Server, pinned bool) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"serve"}
	switch s.Kind {
	case "django":
		return b.django(ctx, s)
	case "scs-pgx", "scs-redis", "gorilla-pgstore", "plain-mattn":
		if b.Peers == "" {
			return nil, fmt.Errorf("%w: -peers names no program; build ./peers", errAbsent)
		}
		program = b.Peers
	case otherBuild:
		program, s.Kind = b.Against, "coatcheck"
	}
	if taskset, err := exec.LookPath("taskset"); pinned && err == nil {
		program, args = taskset, append([]string{"-c", "0", program}, args...)
	}
	p, err := launch(ctx, program, args...)
	if err != nil {
		return nil, err
	}
	err = protocol.WriteLine(p.in, s)
	if err == nil {
		err = protocol.ReadLine(p.out, &p.ready)
	}
	if err != nil {
		p.stop()
		if p.cmd.ProcessState.ExitCode() == exitAbsent {
			return nil, fmt.Errorf("%w: the program of the peers was built without it", errAbsent)
		}
		return nil, fmt.Errorf("the server %s did not start: %w", s.Kind, err)
	}
	return p, nil
}

// otherBuild is the kind of Coatcheck in the program of -against.
const otherBuild = "against"

// exitAbsent is the status by which a peer says that it was built without a library.
const exitAbsent = 69

// counters are what a server knows of itself; known is false for one that is not ours.
func (p *process) counters(ctx context.Context) (c protocol.Counters, known bool, err error) {
	if p.ready.Control == "" {
		return c, false, nil
	}
	text, err := ask(ctx, http.MethodGet, p.ready.Control+"/counters")
	if err != nil {
		return c, false, err
	}
	return c, true, json.Unmarshal(text, &c)
}

// ask sends a request to the control of a server.
func ask(ctx context.Context, method, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %.200q", method, url, response.Status, body)
	}
	return body, err
}

// client starts the process that sends requests.
func client(ctx context.Context) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return launch(ctx, program, "load")
}

// send has the client carry out a load.
func (p *process) send(l protocol.Load) (r protocol.Result, err error) {
	if err := protocol.WriteLine(p.in, l); err != nil {
		return r, err
	}
	if err := protocol.ReadLine(p.out, &r); err != nil {
		return r, fmt.Errorf("the client: %w", err)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// profile runs f, and writes a CPU profile of the server while it runs.
func (b *bench) profile(ctx context.Context, p *process, name string, f func() error) error {
	if b.Profiles == "" || p.ready.Control == "" {
		return f()
	}
	if _, err := ask(ctx, http.MethodPost, p.ready.Control+"/profile/start"); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	text, err := ask(ctx, http.MethodPost, p.ready.Control+"/profile/stop")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Profiles, fileName(name)+".pprof"), text, 0o600)
}

// other is what a file name does not have.
var other = regexp.MustCompile(`[^a-z0-9]+`)

// fileName is a name in lowercase letters, digits and single hyphens.
func fileName(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), ",", "")
	return strings.Trim(other.ReplaceAllString(name, "-"), "-")
}
