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

// Format returns the steps under a title as one readable block. Each has its layer, the time
// since the trace began, its own duration, its sentence, and its attributes. Its own
// duration is the time since it began, or since the step before it if that ended later: so
// no time is counted twice. Events that are parts of a step are shown as that step alone,
// with the number of their statements, their tables and their durations.
func (t *Trace) Format(title string) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, l := range t.lines() {
		layer := l.Code.Layer()
		fmt.Fprintf(&b, "  %d %-14s  %9s  %9s  %s", layer, layer,
			l.Time.Sub(t.start).Round(time.Microsecond), l.took.Round(time.Microsecond), l.sentence())
		for _, a := range l.rest() {
			fmt.Fprintf(&b, "  %s=%s", a.Key, printable(text(a)))
		}
		b.WriteByte('\n')
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped > 0 {
		fmt.Fprintf(&b, "  … and %d more steps\n", t.dropped)
	}
	return b.String()
}

// line is a step as it is printed.
type line struct {
	Event
	took       time.Duration
	statements int // of its parts
	tables     []string
}

// lines measures the events, and counts those that are parts to their steps.
func (t *Trace) lines() []*line {
	all, before := []*line{}, t.start
	for _, e := range t.Events() {
		if e.Start.After(before) {
			before = e.Start
		}
		all = append(all, &line{Event: e, took: max(0, e.Time.Sub(before))})
		if e.Time.After(before) {
			before = e.Time
		}
	}
	var shown []*line
	for i, l := range all {
		if whole := wholeOf(all, i); whole != nil {
			whole.take(l)
		} else {
			shown = append(shown, l)
		}
	}
	return shown
}

// wholeOf returns the step of which a line is a part: one that had begun and ended after it,
// or else the last one before it, or nil.
func wholeOf(all []*line, i int) *line {
	part := all[i]
	began := part.Time
	if !part.Start.IsZero() {
		began = part.Start
	}
	is := func(l *line) bool { return l.Part == "" && l.Code.group() == part.Part }
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

// take adds a part to its step.
func (l *line) take(part *line) {
	l.took += part.took
	if part.Code.Layer() == Database {
		l.statements++
	}
	for _, a := range part.Attrs {
		if a.Key == "table" && !slices.Contains(l.tables, text(a)) {
			l.tables = append(l.tables, text(a))
		}
	}
}

// sentence is that of the code, with attributes in the places that name them.
func (l *line) sentence() string {
	sentence := l.Code.Sentence()
	for _, a := range l.Attrs {
		sentence = strings.ReplaceAll(sentence, "{"+a.Key+"}", oneLine(text(a)))
	}
	return sentence
}

// rest returns the attributes that are not in the sentence.
func (l *line) rest() (rest []slog.Attr) {
	sentence := l.Code.Sentence()
	for _, a := range l.Attrs {
		if a.Key != "" && !strings.Contains(sentence, "{"+a.Key+"}") {
			rest = append(rest, a)
		}
	}
	if l.statements > 0 {
		rest = append(rest, slog.Int("statements", l.statements))
	}
	if len(l.tables) > 0 {
		rest = append(rest, slog.String("table", strings.Join(l.tables, ",")))
	}
	return rest
}

// text is the value of an attribute; a type that hides its secret stays hidden.
func text(a slog.Attr) string { return a.Value.Resolve().String() }

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
