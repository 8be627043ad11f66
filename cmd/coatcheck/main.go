package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // --time-zone works where the system has no zones, in a bare container for instance

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:])) }

// run parses the command line, runs the command and gives the exit status.
func run(args []string) int {
	con := console.New(os.Stdin, os.Stdout, os.Stderr)
	var commands cli
	parser, err := commands.parser()
	if err != nil {
		fmt.Fprintln(os.Stderr, "coatcheck:", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if err != nil {
		return misused(err)
	}
	tidyLists(command.Flags())
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	if command.Command() == "serve" {
		signal.Ignore(syscall.SIGPIPE) // a log whose reader is gone must not end the server
	}
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(con)
	err = command.Run()
	if err != nil && ctx.Err() != nil && command.Command() != "serve" {
		err = console.ErrCancelled // whatever the interrupted query says
	}
	return report(con, err)
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

// misused tells what is wrong with the command line.
func misused(err error) int {
	fmt.Fprintf(os.Stderr, "coatcheck: error: %v\n", err)
	name := ""
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		name = parse.Context.Selected().Path() + " "
	}
	fmt.Fprintf(os.Stderr, "See: coatcheck %s--help\n", name)
	return exitUsage
}

// usageError is a mistake in the flags that only the command itself could see.
type usageError struct{ error }

// report writes an error as Django does and gives the exit status.
func report(con *console.Console, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return misused(err)
	case errors.Is(err, console.ErrCancelled):
		con.Complain("\nOperation cancelled.")
	case errors.Is(err, errUnapplied), errors.Is(err, errFindings): // the command has said so
	default:
		con.Complain("CommandError: " + err.Error())
	}
	return exitFailed
}
