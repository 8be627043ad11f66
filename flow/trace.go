package flow

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxEvents bounds what one request can make a trace hold.
const maxEvents = 200

// Trace is a Sink that keeps the events of one request, 200 at most, and prints them. It is
// safe for concurrent use.
type Trace struct {
	start time.Time

	mu      sync.Mutex // guards what follows
	events  []Event
	dropped int
}

var _ Sink = (*Trace)(nil)

// NewTrace returns a trace that begins now.
func NewTrace() *Trace { return &Trace{start: time.Now()} }

// Emit keeps the event.
func (t *Trace) Emit(_ context.Context, e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) == maxEvents {
		t.dropped++
		return
	}
	t.events = append(t.events, e)
}

// Events returns what was kept so far, in order.
func (t *Trace) Events() []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.events)
}

// Step is an event as people read it: measured, and with the events that are parts of it.
type Step struct {
	Event
	// After is how long after the beginning of the trace it was done.
	After time.Duration
	// Took is its own duration: the time since it began, or since the step before it if that
	// ended later, and the durations of its parts. So no time is counted twice.
	Took time.Duration
	// Parts are the events that are details of it. See [Within].
	Parts []Step
}

// Steps returns what was kept so far, in order, with parts in the steps to which they belong.
func (t *Trace) Steps() []Step {
	all := t.measured()
	var steps []Step
	wholes := make([]*Step, len(all))
	for i, s := range all {
		if wholes[i] = wholeOf(all, i); wholes[i] != nil {
			wholes[i].Took += s.Took
			wholes[i].Parts = append(wholes[i].Parts, *s)
		}
	}
	for i, s := range all {
		if wholes[i] == nil {
			steps = append(steps, *s)
		}
	}
	return steps
}

// Dropped returns how many events were not kept, since there were 200.
func (t *Trace) Dropped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// Format returns the steps under a title as one readable block. Each has its layer, the time
// since the trace began, its own duration, its sentence, and its attributes. Events that are
// parts of a step are shown as that step alone, with the number of their statements, their
// tables and their durations.
func (t *Trace) Format(title string) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, s := range t.Steps() {
		layer := s.Code.Layer()
		fmt.Fprintf(&b, "  %d %-14s  %9s  %9s  %s", layer, layer,
			s.After.Round(time.Microsecond), s.Took.Round(time.Microsecond), s.Sentence(oneLine))
		for _, a := range s.Facts() {
			fmt.Fprintf(&b, "  %s=%s", a.Key, printable(Text(a)))
		}
		b.WriteByte('\n')
	}
	if n := t.Dropped(); n > 0 {
		fmt.Fprintf(&b, "  … and %d more steps\n", n)
	}
	return b.String()
}

// measured returns the events with their durations.
func (t *Trace) measured() (all []*Step) {
	before := t.start
	for _, e := range t.Events() {
		if e.Start.After(before) {
			before = e.Start
		}
		all = append(all, &Step{Event: e, After: e.Time.Sub(t.start), Took: max(0, e.Time.Sub(before))})
		if e.Time.After(before) {
			before = e.Time
		}
	}
	return all
}

// wholeOf returns the step of which another is a part: one that had begun and ended after it,
// or else the last one before it, or nil.
func wholeOf(all []*Step, i int) *Step {
	part := all[i]
	began := part.Time
	if !part.Start.IsZero() {
		began = part.Start
	}
	is := func(l *Step) bool { return l.Part == "" && l.Code.group() == part.Part }
	if part.Part == "" {
		return nil
	}
	for _, l := range all[i+1:] {
		if is(l) && !l.Start.IsZero() && !l.Start.After(began) {
			return l
		}
	}
	for _, l := range slices.Backward(all[:i]) {
		if is(l) {
			return l
		}
	}
	return nil
}

// Facts returns the attributes that are not in the sentence, and of a step with parts how many
// statements those are, and on which tables.
func (s *Step) Facts() (facts []slog.Attr) {
	sentence := s.Code.Sentence()
	for _, a := range s.Attrs {
		if a.Key != "" && !strings.Contains(sentence, "{"+a.Key+"}") {
			facts = append(facts, a)
		}
	}
	statements, tables := 0, []string{}
	for _, part := range s.Parts {
		if part.Code.Layer() == Database {
			statements++
		}
		for _, a := range part.Attrs {
			if a.Key == "table" && !slices.Contains(tables, Text(a)) {
				tables = append(tables, Text(a))
			}
		}
	}
	if statements > 0 {
		facts = append(facts, slog.Int("statements", statements))
	}
	if len(tables) > 0 {
		facts = append(facts, slog.String("table", strings.Join(tables, ",")))
	}
	return facts
}

// printable keeps hostile text from forging lines or moving the cursor.
func printable(text string) string {
	quoted := strconv.Quote(text)
	if quoted == `"`+text+`"` && text != "" && !strings.ContainsAny(text, " =") {
		return text
	}
	return quoted
}

// oneLine is printable for text within a sentence.
func oneLine(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
