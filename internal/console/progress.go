package console

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often a line tells of long work where no terminal is.
const lineEvery = 30 * time.Second

// Progress shows how far long work is: a bar on a terminal, else a line now
// and then.
type Progress struct {
	con   *Console
	stage string
	bar   *progressbar.ProgressBar
	told  time.Time // of the last line
}

// NewProgress returns the progress of work that begins now.
func NewProgress(con *Console) *Progress { return &Progress{con: con, told: time.Now()} }

// Tell shows how much of a stage is done, counted in bytes where bytes says so; total is 0
// where it is not known.
func (p *Progress) Tell(stage string, bytes bool, done, total int64) {
	if !p.con.Red {
		if time.Since(p.told) >= lineEvery {
			p.told = time.Now()
			fmt.Fprintln(p.con.Err, line(stage, done, total))
		}
		return
	}
	if p.bar == nil || stage != p.stage {
		p.End()
		p.stage, p.bar = stage, newBar(p.con.Err, stage, bytes, total)
	}
	_ = p.bar.Set64(done) // a bar that cannot be drawn stops nothing
}

// line returns the progress in words.
func line(stage string, done, total int64) string {
	if total == 0 {
		return fmt.Sprintf("%s: %d MB", stage, done/1_000_000)
	}
	return fmt.Sprintf("%s: %d%%", stage, int64(100*float64(done)/float64(total)))
}

// End leaves the bar where it is and goes to the next line.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.con.Err)
		p.bar = nil
	}
}

func newBar(to io.Writer, stage string, bytes bool, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1 // which is not known
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(to),
		progressbar.OptionSetDescription(stage),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowBytes(bytes),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetSpinnerChangeInterval(0), // or a goroutine draws
	)
}
