package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/seed"
	"github.com/coatcheck/coatcheck/sessions"
)

// decode measures how a session row becomes values, in this process.
func (b *bench) decode(ctx context.Context) ([]Row, error) {
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: coatcheck.Keys{Secret: protocol.SecretKey}})
	if err != nil {
		return nil, err
	}
	text, err := seed.Example(ctx)
	if err != nil {
		return nil, err
	}
	row := Row{Group: decoding, Case: decoded, Load: alone}
	const times = 10_000
	for range b.Rounds {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began, err := ownCPU()
		if err != nil {
			return nil, err
		}
		for range times {
			if _, err := codec.Decode(text); err != nil {
				return nil, err
			}
		}
		ended, err := ownCPU()
		if err != nil {
			return nil, err
		}
		runtime.ReadMemStats(&after)
		row.Samples = append(row.Samples, Sample{Requests: times, Extra: map[string]float64{
			decodeTime:   micros(ended-began) / times,
			decodeAllocs: float64(after.Mallocs-before.Mallocs) / times,
		}})
	}
	return []Row{row}, nil
}

// ownCPU is how much CPU time this process has used.
func ownCPU() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// errNoProgram means that the program is left out.
var errNoProgram = errors.New("left out: -quick, or -top is empty")

// program measures the command of a release: its size, how soon it serves, and what it needs
// when nobody comes.
func (b *bench) program(ctx context.Context) ([]Row, error) {
	if b.Top == "" {
		return []Row{{Group: program, Case: released, Load: alone, Absent: errNoProgram}}, nil
	}
	binary := filepath.Join(b.dir, "coatcheck")
	if err := b.build(ctx, binary); err != nil {
		return nil, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return nil, err
	}
	row := Row{Group: program, Case: released, Load: alone}
	for round := range b.Rounds + 1 {
		s, err := b.start(ctx, binary)
		if err != nil {
			return nil, err
		}
		s.Extra[programSize] = float64(info.Size()) / 1e6
		if round > 0 { // the first one creates the file
			row.Samples = append(row.Samples, s)
		}
	}
	took, err := b.buildCold(ctx, binary)
	for _, s := range row.Samples {
		s.Extra[coldBuild] = took.Seconds()
	}
	return []Row{row}, err
}

func (b *bench) build(ctx context.Context, binary string, env ...string) error {
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/coatcheck"}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = b.Top, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// buildCold is how long a build takes that finds nothing in the cache.
func (b *bench) buildCold(ctx context.Context, binary string) (time.Duration, error) {
	cache := filepath.Join(b.dir, "empty-cache")
	begin := time.Now()
	err := b.build(ctx, binary, "GOCACHE="+cache)
	return time.Since(begin), err
}

// start starts the program once and stops it again.
func (b *bench) start(ctx context.Context, binary string) (Sample, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Sample{}, err
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(ctx, binary, "serve", "--addr="+address, "--create",
		"--database=sqlite:"+filepath.Join(b.dir, "program.db"),
		"--secret-key-file="+filepath.Join(b.dir, "program.secret"))
	var log bytes.Buffer
	cmd.Stderr = &log
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return Sample{}, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	for {
		response, err := http.Get("http://" + address + protocol.LoginPath)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			break
		}
		if time.Since(begin) > 10*time.Second {
			return Sample{}, fmt.Errorf("the program does not serve: %s", &log)
		}
		time.Sleep(time.Millisecond)
	}
	ready := time.Since(begin)
	time.Sleep(500 * time.Millisecond)
	memory, err := resident(cmd.Process.Pid)
	return Sample{Requests: 1, Extra: map[string]float64{
		readyTime: float64(ready.Microseconds()) / 1000, idleMemory: memory / 1e6,
	}}, err
}

// resident is the resident memory of a process, in bytes.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kB, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
	return kB * 1024, err
}
