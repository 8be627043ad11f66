package metrics

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/measure"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// Metric is what the table says of a metric.
type Metric = measure.Metric

// Label is a label and all the values that it can have.
type Label = measure.Label

// Table returns all metrics.
func Table() []Metric { return measure.Table() }

// Metrics are those of a site. They are safe for concurrent use.
type Metrics struct {
	counters   map[string]*prometheus.CounterVec
	histograms map[string]*prometheus.HistogramVec
	handler    http.Handler
}

// New returns the metrics of a site, with those of the Go runtime and of the process.
func New(site *coatcheck.Site) *Metrics {
	m := &Metrics{map[string]*prometheus.CounterVec{}, map[string]*prometheus.HistogramVec{}, nil}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &polled{site})
	for _, metric := range measure.Table() {
		switch {
		case metric.Polled():
		case metric.Kind == measure.Histogram:
			options := prometheus.HistogramOpts{Name: metric.Name, Help: metric.Help}
			m.histograms[metric.Name] = prometheus.NewHistogramVec(options, metric.LabelNames())
			registry.MustRegister(m.histograms[metric.Name])
		default:
			options := prometheus.CounterOpts{Name: metric.Name, Help: metric.Help}
			m.counters[metric.Name] = prometheus.NewCounterVec(options, metric.LabelNames())
			registry.MustRegister(m.counters[metric.Name])
		}
	}
	m.begin()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	m.handler = mux
	return m
}

// begin shows the counters that have one label at most from the start, as 0, so that rates can be
// computed from the first event on.
func (m *Metrics) begin() {
	for _, metric := range measure.Table() {
		vec := m.counters[metric.Name]
		switch {
		case vec == nil, len(metric.Labels) > 1:
		case len(metric.Labels) == 0:
			vec.WithLabelValues()
		default:
			for _, value := range metric.Labels[0].Values {
				if value != "" {
					vec.WithLabelValues(value)
				}
			}
		}
	}
}

// ServeHTTP responds to GET /metrics, and to everything else with 404. It belongs on a listener of
// its own, since anyone who reads it learns how much the site is used.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Record counts and measures each request. It belongs outermost.
func (m *Metrics) Record(next http.Handler) http.Handler {
	return watch.Requests(func(w *watch.Request) { measure.Request(w.Came.Context(), recorder{m}, w) })(next)
}

// Background returns a context for Site.Run, so that housekeeping and emails are counted.
func (m *Metrics) Background(ctx context.Context) context.Context {
	return flow.WithSink(ctx, background{m})
}

// background is the sink of what belongs to no request.
type background struct{ m *Metrics }

// Emit counts the event.
func (b background) Emit(ctx context.Context, e flow.Event) { measure.Event(ctx, recorder(b), &e) }

// recorder keeps the numbers for Prometheus.
type recorder struct{ m *Metrics }

// Add adds to a counter.
func (r recorder) Add(_ context.Context, metric string, n float64, labels ...string) {
	r.m.counters[metric].WithLabelValues(labels...).Add(n)
}

// Observe adds to a histogram.
func (r recorder) Observe(_ context.Context, metric string, seconds float64, labels ...string) {
	r.m.histograms[metric].WithLabelValues(labels...).Observe(seconds)
}
