package flow

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Layer is one of the five layers of a request, from the bottom up.
type Layer int

// The layers.
const (
	Database Layer = iota + 1
	SessionEngine
	Middleware
	View
	AccessControl
)

// String returns the layer's name.
func (l Layer) String() string {
	names := [...]string{"", "Database", "Session engine", "Middleware", "View", "Access control"}
	if l < Database || l > AccessControl {
		return fmt.Sprintf("Layer(%d)", int(l))
	}
	return names[l]
}

// Step is one thing that a layer did.
type Step struct {
	Layer  Layer
	Name   string        // what happened, as a phrase
	Detail []Detail      // facts about it, in order
	At     time.Duration // since the trace began
}

// Detail is a fact about a step.
type Detail struct{ Name, Value string }

// Trace records the steps of one request. It is safe for concurrent use.
type Trace struct {
	start time.Time

	mu    sync.Mutex // guards steps
	steps []Step
}

// maxSteps bounds what one request can make a trace hold.
const maxSteps = 200

type contextKey struct{}

// NewContext switches a trace on for everything that is done with the returned
// context.
func NewContext(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{start: time.Now()}
	return context.WithValue(ctx, contextKey{}, t), t
}

// FromContext returns the trace of ctx, or nil where none is on.
func FromContext(ctx context.Context) *Trace {
	t, _ := ctx.Value(contextKey{}).(*Trace)
	return t
}

// Step records a step; details are names and values in turn, as in log/slog. A
// value is printed with fmt.Sprint, so a type that hides its secret stays
// hidden. Beyond 200 steps nothing more is recorded.
func (t *Trace) Step(layer Layer, name string, details ...any) {
	step := Step{Layer: layer, Name: name, At: time.Since(t.start)}
	for i := 0; i+1 < len(details); i += 2 {
		step.Detail = append(step.Detail, Detail{fmt.Sprint(details[i]), fmt.Sprint(details[i+1])})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) < maxSteps {
		t.steps = append(t.steps, step)
	}
}

// Report records a step in the trace of ctx, if one is on. A hot path asks
// FromContext first, so that it need not make the details.
func Report(ctx context.Context, layer Layer, name string, details ...any) {
	if t := FromContext(ctx); t != nil {
		t.Step(layer, name, details...)
	}
}

// Steps returns what was recorded so far, in order.
func (t *Trace) Steps() []Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Step(nil), t.steps...)
}

// Format writes the steps under a title as one readable block.
func (t *Trace) Format(title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", title)
	for _, s := range t.Steps() {
		fmt.Fprintf(&b, "  %d %-14s  %9s  %s", s.Layer, s.Layer, s.At.Round(time.Microsecond), s.Name)
		for _, d := range s.Detail {
			fmt.Fprintf(&b, "  %s=%s", d.Name, printable(d.Value))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// printable keeps hostile text from forging lines or moving the cursor.
func printable(text string) string {
	quoted := strconv.Quote(text)
	if quoted == `"`+text+`"` && text != "" && !strings.ContainsAny(text, " =") {
		return text
	}
	return quoted
}

// Brief shortens a session key so that it can be recognised and not used.
func Brief(key string) string {
	switch {
	case key == "":
		return "none"
	case len(key) < 16:
		return "…"
	}
	return key[:4] + "…"
}
