package otel

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/internal/watch"
)

const (
	// maxSteps is how many steps a span has at most. The SDK keeps 128 events, and drops the first
	// ones beyond; the rest is for those of the program.
	maxSteps = 100
	// maxText is how many bytes an attribute has at most.
	maxText = 256
)

// identifying are the attributes of the flow that tell of a person, or that a client may choose.
var identifying = []string{
	"_auth_user_hash", "_auth_user_id", "error", "key", "location", "old", "origin", "peer", "reason", "says",
	"sec-fetch-site", "text", "to", "user", "why",
}

// methods are those of HTTP by OpenTelemetry's conventions.
var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace, "QUERY",
}

// begin starts the span of a request.
func (t *Telemetry) begin(r *http.Request) (context.Context, trace.Span) {
	ctx := r.Context()
	if t.propagator != nil {
		ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	name, method := r.Method, semconv.HTTPRequestMethodKey.String(r.Method)
	if !slices.Contains(methods, r.Method) {
		name, method = "HTTP", semconv.HTTPRequestMethodOther
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(method, pathOf(r), semconv.URLScheme(scheme)))
}

// pathOf is the path, without the tokens of links.
func pathOf(r *http.Request) attribute.KeyValue {
	return semconv.URLPath(short(requestinfo.LogPath(r)))
}

// describe adds to a span what became of its request, and the steps. The path is there again, since
// that of another middleware has the tokens of links.
func (t *Telemetry) describe(span trace.Span, w *watch.Request) {
	verdict, deciding := flow.Judge(w.Flow.Events(), w.Status)
	reason := flow.ReasonOf(verdict, deciding)
	attrs := []attribute.KeyValue{pathOf(w.Came), attribute.String("coatcheck.verdict", string(verdict))}
	if w.Status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(w.Status))
	}
	if reason != "" {
		attrs = append(attrs, attribute.String("coatcheck.reason", reason))
	}
	if deciding != nil {
		attrs = append(attrs, attribute.String("coatcheck.code", short(string(deciding.Code))))
	}
	if verdict == flow.Failed {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(reason, w.Status)))
		span.SetStatus(codes.Error, reason)
	}
	steps := w.Flow.Steps()
	if n := max(0, len(steps)-maxSteps) + w.Flow.Dropped(); n > 0 {
		attrs = append(attrs, attribute.Int("coatcheck.steps_dropped", n))
	}
	span.SetAttributes(attrs...)
	for i := range steps[:min(len(steps), maxSteps)] {
		t.addStep(span, &steps[i])
	}
}

// errorType is the reason of a failure, or else the status, by OpenTelemetry's conventions.
func errorType(reason string, status int) string {
	if reason == flow.NotSaid && status >= http.StatusInternalServerError {
		return strconv.Itoa(status)
	}
	return reason
}

// addStep adds a step to a span, as an event that has its code for a name.
func (t *Telemetry) addStep(span trace.Span, s *flow.Step) {
	attrs := []attribute.KeyValue{
		attribute.String("coatcheck.layer", s.Code.Layer().String()),
		attribute.Float64("coatcheck.duration", s.Took.Seconds()),
	}
	if reason := s.Code.Reason(); reason != "" {
		attrs = append(attrs, attribute.String("coatcheck.reason", reason))
	}
	// Those in the sentence, too, which a step of a program may lack.
	for _, a := range slices.Concat(inSentence(s), s.Facts()) {
		if t.identify || !slices.Contains(identifying, a.Key) {
			attrs = append(attrs, fact(a))
		}
	}
	span.AddEvent(short(string(s.Code)), trace.WithTimestamp(s.Time), trace.WithAttributes(attrs...))
}

// inSentence returns the attributes that stand in the sentence of a step.
func inSentence(s *flow.Step) (all []slog.Attr) {
	sentence := s.Code.Sentence()
	for _, a := range s.Attrs {
		if a.Key != "" && strings.Contains(sentence, "{"+a.Key+"}") {
			all = append(all, a)
		}
	}
	return all
}

// fact is an attribute of a step. A type that hides its secret stays hidden.
func fact(a slog.Attr) attribute.KeyValue {
	key := "coatcheck.step." + short(strings.ReplaceAll(strings.TrimLeft(a.Key, "_"), "-", "_"))
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindBool:
		return attribute.Bool(key, v.Bool())
	case slog.KindInt64:
		return attribute.Int64(key, v.Int64())
	case slog.KindFloat64:
		return attribute.Float64(key, v.Float64())
	case slog.KindDuration:
		return attribute.Float64(key, v.Duration().Seconds())
	default:
		return attribute.String(key, short(v.String()))
	}
}

// short cuts a text, and takes out what is no UTF-8, which exporters refuse with all that is beside it.
func short(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "")
}
