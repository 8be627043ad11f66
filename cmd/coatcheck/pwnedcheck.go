package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/password/pwned"
)

// pwnedCheckCommand reports whether passwords are in a filter.
type pwnedCheckCommand struct {
	Filter string `arg:"" help:"File that pwned build made."`
}

// Run asks for passwords, which the terminal does not show, until an empty line or
// the end. Where the input is no terminal, each line of it is one.
func (c *pwnedCheckCommand) Run(ctx context.Context, con *console.Console) (err error) {
	filter, err := pwned.Open(c.Filter)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, filter.Close()) }()
	for {
		raw, err := nextPassword(ctx, con)
		if errors.Is(err, console.ErrCancelled) && ctx.Err() == nil {
			return nil // the end of the input
		}
		if err != nil || raw == "" && con.IsTerminal() {
			return err
		}
		found, err := filter.Contains(raw)
		if err != nil {
			return err
		}
		if found {
			con.Say("yes")
		} else {
			con.Say("no")
		}
	}
}

func nextPassword(ctx context.Context, con *console.Console) (string, error) {
	if con.IsTerminal() {
		return con.AskSecret(ctx, "Password: ")
	}
	return console.Await(ctx, con.Line)
}

// pwnedVerifyCommand compares a filter with its checksums.
type pwnedVerifyCommand struct {
	Filter string `arg:"" help:"File that pwned build made."`
}

// Run reads the whole file.
func (c *pwnedVerifyCommand) Run(ctx context.Context, con *console.Console) (err error) {
	filter, err := pwned.Open(c.Filter)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, filter.Close()) }()
	if err := filter.Verify(ctx); err != nil {
		return err
	}
	con.Say(fmt.Sprintf("%s is whole: %d passwords. It refuses 1 of %.0f others.",
		c.Filter, filter.Entries(), math.Round(1/filter.FalsePositives())))
	return nil
}
