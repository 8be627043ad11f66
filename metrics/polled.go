package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/measure"
)

// polled reads the metrics that the site keeps itself.
type polled struct{ site *coatcheck.Site }

// Describe sends what the metrics are called.
func (p *polled) Describe(to chan<- *prometheus.Desc) {
	for _, m := range measure.Table() {
		if m.Polled() {
			to <- desc(m)
		}
	}
}

func desc(m measure.Metric) *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, nil, nil) }

// Collect sends their values.
func (p *polled) Collect(to chan<- prometheus.Metric) {
	values := measure.Read(p.site)
	for _, m := range measure.Table() {
		if !m.Polled() {
			continue
		}
		kind := prometheus.CounterValue
		if m.Kind == measure.Gauge {
			kind = prometheus.GaugeValue
		}
		to <- prometheus.MustNewConstMetric(desc(m), kind, values[m.Name])
	}
}
