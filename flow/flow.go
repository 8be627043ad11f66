package flow

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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

// Event is one thing that a layer did.
type Event struct {
	Code Code
	// Start is when it began, or zero if nobody measured that.
	Start time.Time
	// Time is when it was done.
	Time time.Time
	// Part is the group of codes of which it is a detail, such as "throttle" for the
	// statements by which attempts are counted; else empty. See [Within].
	Part string
	// Attrs are facts about it, by the names of the table.
	Attrs []slog.Attr
	// Rows are rows that it read, for those who look at a single request: 20 at most, of the
	// session, the user and the permissions. See [Row].
	Rows []Row
}

// Row is a row that was read, with its columns. What could be a secret is shortened, or
// replaced by its length, before it gets here.
type Row struct {
	Table   string
	Columns []slog.Attr
}

// Sentence returns the sentence of the code, with attributes in the places that name them, as
// write has their texts; nil leaves those as they are.
func (e *Event) Sentence(write func(string) string) string {
	sentence := e.Code.Sentence()
	for _, a := range e.Attrs {
		value := Text(a)
		if write != nil {
			value = write(value)
		}
		sentence = strings.ReplaceAll(sentence, "{"+a.Key+"}", value)
	}
	return sentence
}

// Text returns the value of an attribute. A type that hides its secret stays hidden.
func Text(a slog.Attr) string { return a.Value.Resolve().String() }

// Sink accepts events. A program's own may count, log or show them.
type Sink interface {
	// Emit is called by the goroutine that does the work, with locks held, so it returns
	// at once, and uses the context for values of the program only: asking for the user
	// or the session of the request, which may just be loading, waits forever. It is
	// safe for concurrent use, and may keep the event.
	Emit(ctx context.Context, e Event)
}

// sinks is what a context holds.
type sinks struct {
	list []Sink
	part string
}

type contextKey struct{}

func from(ctx context.Context) *sinks {
	s, _ := ctx.Value(contextKey{}).(*sinks)
	return s
}

// WithSink returns a context whose events go to the sink too, after those that have them
// already.
func WithSink(ctx context.Context, sink Sink) context.Context {
	added := sinks{list: []Sink{sink}}
	if s := from(ctx); s != nil {
		added = sinks{append(slices.Clip(s.list), sink), s.part}
	}
	return context.WithValue(ctx, contextKey{}, &added)
}

// Within returns a context whose events are details of a step of the group, "throttle" for
// "throttle.passed": sinks get them with Event.Part, and the trace shows them as that one
// step.
func Within(ctx context.Context, group string) context.Context {
	s := from(ctx)
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, &sinks{s.list, group})
}

// On reports whether events of the context go anywhere.
func On(ctx context.Context) bool { return from(ctx) != nil }

// Emit reports to the sinks a step that is done. The code is one of the table, or a program's
// own, which counts as one of the layer View.
func Emit(ctx context.Context, code Code, attrs ...slog.Attr) {
	if s := from(ctx); s != nil {
		s.emit(ctx, Event{Code: code, Attrs: slices.Clone(attrs)}) // cloned, attrs may stay on the stack
	}
}

func (s *sinks) emit(ctx context.Context, e Event) {
	e.Time, e.Part = time.Now(), s.part
	for _, sink := range s.list {
		sink.Emit(ctx, e)
	}
}

// Timer measures a step.
type Timer struct{ start time.Time }

// Start begins to measure a step, if events of the context go anywhere.
func Start(ctx context.Context) Timer {
	if from(ctx) == nil {
		return Timer{}
	}
	return Timer{time.Now()}
}

// Emit is the function Emit for a step that began with the timer.
func (t Timer) Emit(ctx context.Context, code Code, attrs ...slog.Attr) {
	if s := from(ctx); s != nil {
		s.emit(ctx, Event{Code: code, Start: t.start, Attrs: slices.Clone(attrs)})
	}
}

// EmitRows is Timer.Emit for a step that read rows.
func (t Timer) EmitRows(ctx context.Context, code Code, rows []Row, attrs ...slog.Attr) {
	if s := from(ctx); s != nil {
		s.emit(ctx, Event{Code: code, Start: t.start, Attrs: slices.Clone(attrs), Rows: rows})
	}
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
