package otel

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/measure"
)

// bounds are those that OpenTelemetry's conventions have for durations of requests, in seconds.
var bounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// numbers are the metrics of a site, by the names of the table.
type numbers struct {
	counters   map[string]metric.Int64Counter
	histograms map[string]metric.Float64Histogram
	labels     map[string][]string
}

var _ measure.Recorder = (*numbers)(nil)

// newNumbers creates the instruments.
func newNumbers(site *coatcheck.Site, meter metric.Meter) (*numbers, error) {
	n := &numbers{
		map[string]metric.Int64Counter{}, map[string]metric.Float64Histogram{}, map[string][]string{},
	}
	polled := map[string]metric.Float64Observable{}
	for _, m := range measure.Table() {
		if err := n.create(meter, &m, polled); err != nil {
			return nil, err
		}
		n.labels[m.Name] = m.LabelNames()
	}
	instruments := make([]metric.Observable, 0, len(polled))
	for _, instrument := range polled {
		instruments = append(instruments, instrument)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for name, value := range measure.Read(site) {
			o.ObserveFloat64(polled[name], value)
		}
		return nil
	}, instruments...)
	return n, err
}

// create creates the instrument of a metric. One that the site keeps itself goes to polled.
func (n *numbers) create(
	meter metric.Meter, m *measure.Metric, polled map[string]metric.Float64Observable,
) (err error) {
	name, unit := nameOf(m.Name)
	says, in := metric.WithDescription(m.Help), metric.WithUnit(unit)
	switch {
	case m.Polled() && m.Kind == measure.Gauge:
		polled[m.Name], err = meter.Float64ObservableUpDownCounter(name, says, in)
	case m.Polled():
		polled[m.Name], err = meter.Float64ObservableCounter(name, says, in)
	case m.Kind == measure.Histogram:
		edges := metric.WithExplicitBucketBoundaries(bounds...)
		n.histograms[m.Name], err = meter.Float64Histogram(name, says, in, edges)
	default:
		n.counters[m.Name], err = meter.Int64Counter(name, says, in)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// nameOf returns the name of a metric without what OpenTelemetry says otherwise, and its unit:
// coatcheck_request_seconds is coatcheck.request in s. An exporter for Prometheus says what was there.
func nameOf(prometheus string) (name, unit string) {
	name = strings.Replace(strings.TrimSuffix(prometheus, "_total"), "_", ".", 1)
	if name, found := strings.CutSuffix(name, "_seconds"); found {
		return name, "s"
	}
	return name, "{" + strings.TrimPrefix(name, "coatcheck.") + "}"
}

// enabled reports whether anybody reads the metrics.
func (n *numbers) enabled(ctx context.Context) bool {
	return n.counters[measure.Requests].Enabled(ctx)
}

// Add adds to a counter.
func (n *numbers) Add(ctx context.Context, name string, by float64, labels ...string) {
	n.counters[name].Add(ctx, int64(by), metric.WithAttributeSet(n.attributes(name, labels)))
}

// Observe adds to a histogram.
func (n *numbers) Observe(ctx context.Context, name string, seconds float64, labels ...string) {
	n.histograms[name].Record(ctx, seconds, metric.WithAttributeSet(n.attributes(name, labels)))
}

// attributes are the labels of a metric, without the empty ones.
func (n *numbers) attributes(name string, values []string) attribute.Set {
	all := make([]attribute.KeyValue, 0, len(values))
	for i, label := range n.labels[name] {
		if values[i] != "" {
			all = append(all, attribute.String(label, values[i]))
		}
	}
	return attribute.NewSet(all...)
}
