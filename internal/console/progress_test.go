package console

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgress: a bar on a terminal, one for each stage, and elsewhere a line
// now and then.
func TestProgress(t *testing.T) {
	work := func(p *Progress) {
		for done := range int64(5) {
			p.Tell("reading", true, done*1_000_000, 4_000_000)
		}
		p.Tell("building", false, 256, 256)
		p.End()
	}
	var bar, lines bytes.Buffer
	work(&Progress{con: &Console{Err: &bar, Red: true}})
	for _, want := range []string{"reading 100%", "building 100%", "256/256"} {
		if !strings.Contains(bar.String(), want) {
			t.Errorf("%q does not show %q", bar.String(), want)
		}
	}
	work(&Progress{con: &Console{Err: &lines}, told: time.Now()})
	if lines.Len() > 0 {
		t.Errorf("at once: %q", &lines)
	}
	work(&Progress{con: &Console{Err: &lines}})
	if lines.String() != "reading: 0%\n" {
		t.Errorf("after a while: %q", &lines)
	}
	lines.Reset()
	(&Progress{con: &Console{Err: &lines}}).Tell("reading", true, 5_000_000, 0)
	if lines.String() != "reading: 5 MB\n" {
		t.Errorf("of a pipe: %q", &lines)
	}
}
