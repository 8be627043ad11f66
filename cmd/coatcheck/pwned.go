package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/coatcheck/coatcheck/password/pwned"
)

// pwnedCommand is about passwords that have appeared in data leaks.
type pwnedCommand struct {
	Build  pwnedBuildCommand  `cmd:"" help:"Make a filter of a list of leaked passwords."`
	Check  pwnedCheckCommand  `cmd:"" help:"Ask for passwords and say whether they are in a filter."`
	Verify pwnedVerifyCommand `cmd:"" help:"Say whether a filter is whole."`
}

// pwnedBuildCommand makes a filter.
type pwnedBuildCommand struct {
	File     string `arg:"" help:"List of SHA-1 hashes, HASH:COUNT or HASH a line, as it is or compressed by gzip; - is the standard input."`
	Out      string `env:"-" default:"pwned.filter" help:"File to make, or to replace when all is done."`
	MinCount int64  `env:"-" default:"0" help:"Leave out what was seen less often; 0 takes all."`
	Plain    bool   `env:"-" help:"The list has passwords, one a line, instead of hashes."`
	Small    bool   `env:"-" help:"Half the size; of a million other passwords 3,906 are refused too, instead of 15."`
}

// Run reads the list and makes the filter.
func (c *pwnedBuildCommand) Run(ctx context.Context, con *console) error {
	switch {
	case c.Out == "":
		return usageError{errors.New("--out is empty; name the file to make")}
	case c.MinCount < 0:
		return usageError{fmt.Errorf("--min-count is %d; it must not be negative", c.MinCount)}
	case c.Plain && c.MinCount > 0:
		return usageError{errors.New("--min-count needs counts, which a list of passwords has not; leave it or --plain out")}
	}
	in := con.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was read only
		in = file
	}
	progress := &workProgress{con: con, told: time.Now()}
	stats, err := pwned.Build(ctx, pwned.Config{
		In: in, Size: size(in), Out: c.Out, MinCount: c.MinCount, Plain: c.Plain, Small: c.Small, Progress: progress.tell,
	})
	progress.end()
	var line *pwned.LineError
	if errors.As(err, &line) && !c.Plain {
		return fmt.Errorf("%w (a list of passwords needs --plain)", err)
	}
	if err != nil {
		return err
	}
	con.say(fmt.Sprintf("Made %s of %d passwords, %d bytes. Give it to serve by --pwned-filter.", c.Out, stats.Entries, stats.Bytes))
	if stats.Rare > 0 {
		con.say(fmt.Sprintf("%d were left out, seen less than %d times.", stats.Rare, c.MinCount))
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

// lineEvery is how often a line tells of long work where no terminal is.
const lineEvery = 30 * time.Second

// workProgress shows how far long work is: a bar on a terminal, else a line now
// and then.
type workProgress struct {
	con   *console
	stage pwned.Stage
	bar   *progressbar.ProgressBar
	told  time.Time // of the last line
}

func (p *workProgress) tell(stage pwned.Stage, done, total int64) {
	if !p.con.red {
		if time.Since(p.told) >= lineEvery {
			p.told = time.Now()
			fmt.Fprintln(p.con.err, line(stage, done, total))
		}
		return
	}
	if p.bar == nil || stage != p.stage {
		p.end()
		p.stage, p.bar = stage, newBar(p.con.err, stage, total)
	}
	_ = p.bar.Set64(done) // a bar that cannot be drawn stops nothing
}

// line tells in words.
func line(stage pwned.Stage, done, total int64) string {
	if total == 0 {
		return fmt.Sprintf("%s: %d MB", stage, done/1_000_000)
	}
	return fmt.Sprintf("%s: %d%%", stage, int64(100*float64(done)/float64(total)))
}

// end leaves the bar where it is and goes to the next line.
func (p *workProgress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.con.err)
		p.bar = nil
	}
}

func newBar(to io.Writer, stage pwned.Stage, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1 // which is not known
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(to),
		progressbar.OptionSetDescription(stage.String()),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowBytes(stage == pwned.Reading),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetSpinnerChangeInterval(0), // or a goroutine draws
	)
}
