//go:build !unix

package testenv

import (
	"fmt"
	"runtime"
)

// A process is a server and the folder that holds its data. There is none where
// there are no Unix pipes, users and shells.
type process struct{ dir string }

func newProcess(kind, _ string) (*process, error) {
	return nil, fmt.Errorf("a throwaway %s on %s is %w", kind, runtime.GOOS, errAbsent)
}

func (p *process) run(string, ...string) error           { return errAbsent }
func (p *process) launch(_, _ string, _ ...string) error { return errAbsent }
func (p *process) stop() error                           { return nil }
