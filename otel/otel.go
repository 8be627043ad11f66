package otel

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/measure"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// scope is the name of the instrumentation.
const scope = "github.com/coatcheck/coatcheck/otel"

// Config is what New takes.
type Config struct {
	// TracerProvider creates the spans; nil is the global one of OpenTelemetry.
	TracerProvider trace.TracerProvider
	// MeterProvider creates the metrics; nil is the global one of OpenTelemetry.
	MeterProvider metric.MeterProvider
	// Propagator reads the trace to which a request belongs from its headers, such as
	// propagation.TraceContext{}. Nil reads none: each request begins a trace of its own. Set it
	// only behind a proxy that replaces these headers, since otherwise clients choose which
	// requests are sampled.
	Propagator propagation.TextMapPropagator
	// Identify adds what tells of a person or was chosen by a client to the steps in spans: IDs
	// of users, shortened session keys, addresses, and targets of redirects.
	Identify bool
}

// Telemetry reports what a site does. It is safe for concurrent use.
type Telemetry struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	identify   bool
	numbers    *numbers
}

// New returns the telemetry of a site. It starts nothing; a site has one, for as long as the providers.
func New(site *coatcheck.Site, c Config) (*Telemetry, error) {
	if site == nil {
		return nil, errors.New("otel: the site is nil; pass what coatcheck.New returns")
	}
	if c.TracerProvider == nil {
		c.TracerProvider = otel.GetTracerProvider()
	}
	if c.MeterProvider == nil {
		c.MeterProvider = otel.GetMeterProvider()
	}
	counted, err := newNumbers(site, c.MeterProvider.Meter(scope))
	if err != nil {
		return nil, fmt.Errorf("otel: create metrics: %w", err)
	}
	return &Telemetry{c.TracerProvider.Tracer(scope), c.Propagator, c.Identify, counted}, nil
}

// Record reports each request. It belongs outermost, or just within another middleware of
// OpenTelemetry, such as otelhttp: where the context has a span of this process already, that span
// gets the steps, and there is no other. Of a request that nobody samples or counts,
// nothing is collected.
func (t *Telemetry) Record(next http.Handler) http.Handler {
	watched := watch.Requests(t.done)(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span := trace.SpanFromContext(r.Context())
		if around := span.SpanContext(); !around.IsValid() || around.IsRemote() {
			var ctx context.Context
			ctx, span = t.begin(r)
			// Not deferred by itself: End would write the text of a panic into the span.
			defer func() { span.End() }()
			if span.SpanContext().IsValid() {
				r = r.WithContext(ctx)
			}
		}
		if !span.IsRecording() && !t.numbers.enabled(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		watched.ServeHTTP(w, r)
	})
}

// done reports a request that is done.
func (t *Telemetry) done(w *watch.Request) {
	ctx := w.Came.Context()
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		t.describe(span, w)
	}
	if t.numbers.enabled(ctx) {
		measure.Request(ctx, t.numbers, w)
	}
}

// Background returns a context for Site.Run, so that housekeeping and emails are counted.
func (t *Telemetry) Background(ctx context.Context) context.Context {
	return flow.WithSink(ctx, background{t.numbers})
}

// background is the sink of what belongs to no request.
type background struct{ to *numbers }

// Emit counts the event.
func (b background) Emit(ctx context.Context, e flow.Event) { measure.Event(ctx, b.to, &e) }
