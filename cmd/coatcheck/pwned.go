package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/password/pwned"
)

// pwnedCommand is about passwords that have appeared in data leaks.
type pwnedCommand struct {
	Build  pwnedBuildCommand  `cmd:"" help:"Make a filter of a list of leaked passwords."`
	Check  pwnedCheckCommand  `cmd:"" help:"Ask for passwords and report whether they are in a filter."`
	Verify pwnedVerifyCommand `cmd:"" help:"Report whether a filter is whole."`
}

// pwnedBuildCommand creates a filter.
type pwnedBuildCommand struct {
	File     string `arg:"" help:"List of SHA-1 hashes, HASH:COUNT or HASH a line, as it is or compressed by gzip; - is the standard input."`
	Out      string `env:"-" default:"pwned.filter" help:"File to make, or to replace when all is done."`
	MinCount int64  `env:"-" default:"0" help:"Leave out what was seen less often; 0 takes all."`
	Plain    bool   `env:"-" help:"The list has passwords, one a line, instead of hashes."`
	Small    bool   `env:"-" help:"Half the size; of a million other passwords 3,906 are refused too, instead of 15."`
}

// Run reads the list and makes the filter.
func (c *pwnedBuildCommand) Run(ctx context.Context, con *console.Console) error {
	switch {
	case c.Out == "":
		return usageError{errors.New("--out is empty; name the file to make")}
	case c.MinCount < 0:
		return usageError{fmt.Errorf("--min-count is %d; it must not be negative", c.MinCount)}
	case c.Plain && c.MinCount > 0:
		return usageError{errors.New("--min-count needs counts, which a list of passwords has not; leave " +
			"it or --plain out")}
	}
	in := con.In
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was read only
		in = file
	}
	progress := console.NewProgress(con)
	stats, err := pwned.Build(ctx, pwned.Config{
		In: in, Size: size(in), Out: c.Out, MinCount: c.MinCount, Plain: c.Plain, Small: c.Small,
		Progress: func(stage pwned.Stage, done, total int64) {
			progress.Tell(stage.String(), stage == pwned.Reading, done, total)
		},
	})
	progress.End()
	var line *pwned.LineError
	if errors.As(err, &line) && !c.Plain {
		return fmt.Errorf("%w (a list of passwords needs --plain)", err)
	}
	if err != nil {
		return err
	}
	con.Say(fmt.Sprintf("Made %s of %d passwords, %d bytes. Give it to serve by --pwned-filter.", c.Out,
		stats.Entries, stats.Bytes))
	if stats.Rare > 0 {
		con.Say(fmt.Sprintf("%d were left out, seen less than %d times.", stats.Rare, c.MinCount))
	}
	return nil
}

// size is that of a file, and 0 for a pipe.
func size(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
