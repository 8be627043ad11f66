package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coatcheck/coatcheck"
)

// isPolled reports whether a metric is read from the site when somebody asks for it.
func isPolled(m Metric) bool {
	return strings.HasPrefix(m.Name, "coatcheck_hash") || strings.HasPrefix(m.Name, "coatcheck_sightings")
}

// polled reads the metrics that the site keeps itself.
type polled struct{ site *coatcheck.Site }

// Describe sends what the metrics are called.
func (p *polled) Describe(to chan<- *prometheus.Desc) {
	for _, m := range table {
		if isPolled(m) {
			to <- desc(m)
		}
	}
}

func desc(m Metric) *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, nil, nil) }

// Collect sends their values.
func (p *polled) Collect(to chan<- prometheus.Metric) {
	values := p.read()
	for _, m := range table {
		if !isPolled(m) {
			continue
		}
		kind := prometheus.CounterValue
		if m.Kind == gauge {
			kind = prometheus.GaugeValue
		}
		to <- prometheus.MustNewConstMetric(desc(m), kind, values[m.Name])
	}
}

// read asks the site.
func (p *polled) read() map[string]float64 {
	load := p.site.Auth.Passwords().Load()
	waiting, kept, dropped := 0, uint64(0), uint64(0)
	if p.site.Accounts != nil {
		waiting, kept, dropped = p.site.Accounts.Sightings()
	}
	return map[string]float64{
		hashRunning: float64(load.Running), hashWaiting: float64(load.Waiting),
		hashAdmitted: float64(load.Admitted), hashBusy: float64(load.Busy),
		hashWaited: load.Waited.Seconds(), hashWorked: load.Worked.Seconds(),
		sightWaiting: float64(waiting), sightKept: float64(kept), sightDropped: float64(dropped),
	}
}
