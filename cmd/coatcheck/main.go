package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // --time-zone works where the system has no zones, in a bare container for instance

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/internal/console"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(console.New(os.Stdin, os.Stdout, os.Stderr), os.Args[1:])) }

// run parses the command line, runs the command and returns the exit status.
func run(con *console.Console, args []string) int {
	var commands cli
	parser, err := commands.parser()
	if err != nil {
		return report(con, "", err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return report(con, "", usageError{err})
	}
	tidyLists(command.Flags())
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	if command.Command() == "serve" {
		signal.Ignore(syscall.SIGPIPE) // a log whose reader is gone must not end the server
	}
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if name := command.Command(); name == "serve" || name == "check" {
		warnMisspelt(con, parser.Model, os.Environ())
	}
	if command.Command() != "serve" {
		ctx = audit.WithActor(ctx, audit.Actor{Kind: audit.ActorCommand, Name: processUser()})
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(con)
	err = command.Run()
	if err != nil && ctx.Err() != nil && command.Command() != "serve" {
		err = console.ErrCancelled // whatever the interrupted query says
	}
	return report(con, selected(command), err)
}

// stopSignals are the signals that end a command gracefully. A hang-up is one of them, unless
// the command was started to ignore it, by nohup for instance.
func stopSignals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}
