package otel_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/otel"
)

const rightPassword = "correct horse canary-right"

// rig is a site whose requests are reported to exporters in memory.
type rig struct {
	*coatchecktest.Site
	t         *testing.T
	spans     *tracetest.InMemoryExporter
	traces    *sdktrace.TracerProvider
	reader    *metric.ManualReader
	telemetry *otel.Telemetry
	handler   http.Handler
}

func newRig(t *testing.T, c otel.Config, options ...sdktrace.TracerProviderOption) *rig {
	t.Helper()
	return newRigOn(t, coatchecktest.NewSite(t), c, options...)
}

// newRigOn is newRig on a site of the test's own.
func newRigOn(
	t *testing.T, site *coatchecktest.Site, c otel.Config, options ...sdktrace.TracerProviderOption,
) *rig {
	t.Helper()
	r := &rig{Site: site, t: t, spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	r.CreateUser("ada", rightPassword)
	r.traces = sdktrace.NewTracerProvider(append(options, sdktrace.WithSyncer(r.spans))...)
	c.TracerProvider, c.MeterProvider = r.traces, metric.NewMeterProvider(metric.WithReader(r.reader))
	var err error
	if r.telemetry, err = otel.New(r.Site.Site, c); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", r.Views)
	mux.Handle("GET /members/", r.RequireUser(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "for members")
	})))
	mux.HandleFunc("GET /many/", func(_ http.ResponseWriter, r *http.Request) {
		for range 300 {
			flow.Emit(r.Context(), "example.step")
		}
	})
	mux.HandleFunc("GET /panic/", func(http.ResponseWriter, *http.Request) { panic("canary-panic") })
	r.handler = r.telemetry.Record(r.Site.Handler(mux))
	return r
}

// login logs ada in by the page, and returns the response.
func (r *rig) login(client *coatchecktest.Client, password string) *coatchecktest.Response {
	return client.Post("/accounts/login/", url.Values{"username": {"ada"}, "password": {password}})
}

// last returns the span that ended last.
func (r *rig) last() tracetest.SpanStub {
	r.t.Helper()
	all := r.spans.GetSpans()
	if len(all) == 0 {
		r.t.Fatal("there is no span")
	}
	return all[len(all)-1]
}

// numbers returns the data points of all metrics, as "coatcheck.logins{outcome=done}" to its value.
func (r *rig) numbers() map[string]float64 {
	r.t.Helper()
	var got metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &got); err != nil {
		r.t.Fatal(err)
	}
	all := map[string]float64{}
	for _, scope := range got.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					all[point(m.Name, p.Attributes)] = float64(p.Value)
				}
			case metricdata.Sum[float64]:
				for _, p := range data.DataPoints {
					all[point(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					all[point(m.Name, p.Attributes)] = float64(p.Count)
				}
			default:
				r.t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return all
}

func point(name string, set attribute.Set) string {
	return name + "{" + set.Encoded(attribute.DefaultEncoder()) + "}"
}

// wants checks data points.
func (r *rig) wants(want map[string]float64) {
	r.t.Helper()
	got := r.numbers()
	for name, value := range want {
		if got[name] != value {
			r.t.Errorf("%s is %v, want %v; all are %v", name, got[name], value, got)
		}
	}
}

// text returns the value of an attribute as text, or "".
func text(attrs []attribute.KeyValue, key string) string {
	for _, a := range slices.Backward(attrs) {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

// event returns an event of a span, or fails.
func event(t *testing.T, span tracetest.SpanStub, name string) sdktrace.Event {
	t.Helper()
	i := slices.IndexFunc(span.Events, func(e sdktrace.Event) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("the span lacks %s: %v", name, span.Events)
	}
	return span.Events[i]
}

// everything is all that was exported, as text.
func (r *rig) everything() string {
	var b bytes.Buffer
	for _, span := range r.spans.GetSpans() {
		fmt.Fprintf(&b, "%s %v %v\n", span.Name, span.Status, span.Attributes)
		for _, e := range span.Events {
			fmt.Fprintf(&b, "  %s", e.Name)
			for _, a := range e.Attributes {
				fmt.Fprintf(&b, " %s=%s", a.Key, a.Value.String())
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintln(&b, r.numbers())
	return b.String()
}
