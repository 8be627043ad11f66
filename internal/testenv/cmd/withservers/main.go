// Command withservers starts a throwaway PostgreSQL and MariaDB, runs a command that finds
// them in its environment, and stops them when the command ends, with the command's exit
// status. It is a test helper beside the floors:
//
//	go run ./internal/testenv/cmd/withservers -- go test ./...
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withservers [--] command [argument ...]")
		os.Exit(2)
	}
	status, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withservers:", err)
	}
	os.Exit(status)
}

// run returns the exit status of the command.
func run(args []string) (int, error) {
	servers, err := testenv.StartServers()
	if err != nil {
		return 1, err
	}
	defer servers.Stop()
	for _, line := range servers.Absent {
		fmt.Fprintln(os.Stderr, "withservers: without", line)
	}
	// The terminal's Ctrl-C reaches the command too; ours is to wait for it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), servers.Env...)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM { // sent to us alone
				cmd.Process.Signal(s)
			}
		}
	}()
	var failed *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &failed) {
		return max(1, failed.ExitCode()), nil
	} else if err != nil {
		return 1, err
	}
	return 0, nil
}
