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
	send := func(m Metric, value float64) {
		kind := prometheus.CounterValue
		if m.Kind == gauge {
			kind = prometheus.GaugeValue
		}
		to <- prometheus.MustNewConstMetric(desc(m), kind, value)
	}
	load := p.site.Auth.Passwords().Load()
	send(hashRunning, float64(load.Running))
	send(hashWaiting, float64(load.Waiting))
	send(hashAdmitted, float64(load.Admitted))
	send(hashBusy, float64(load.Busy))
	send(hashWaited, load.Waited.Seconds())
	send(hashWorked, load.Worked.Seconds())
	waiting, kept, dropped := 0, uint64(0), uint64(0)
	if p.site.Accounts != nil {
		waiting, kept, dropped = p.site.Accounts.Sightings()
	}
	send(sightWaiting, float64(waiting))
	send(sightKept, float64(kept))
	send(sightDropped, float64(dropped))
}
