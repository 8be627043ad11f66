package main

import (
	"slices"
	"time"
)

// What is measured of each round.
const (
	serverCPU   = "server CPU, µs"
	databaseCPU = "database CPU, µs"
	allocations = "allocations"
	bytesEach   = "bytes"
	writesEach  = "writing transactions"
	latency50   = "p50, ms"
	latency99   = "p99, ms"
	latency999  = "p99.9 of all rounds, ms"
	perSecond   = "requests a second"
	failures    = "failed requests"
)

// value returns a measure of a round, a request each where it is of requests.
func (s Sample) value(metric string) (v float64, known bool) {
	n := float64(max(1, s.Requests))
	switch metric {
	case serverCPU:
		return micros(s.Server) / n, true
	case databaseCPU:
		return micros(s.Database) / n, true
	case allocations:
		return float64(s.Allocs) / n, s.Counted
	case bytesEach:
		return float64(s.Bytes) / n, s.Counted
	case writesEach:
		return float64(s.Writes) / n, true
	case perSecond:
		return float64(s.Requests) / s.Elapsed.Seconds(), s.Elapsed > 0
	case failures:
		return float64(s.Failed), true
	case latency50, latency99, latency999:
		percent := map[string]float64{latency50: 50, latency99: 99, latency999: 99.9}[metric]
		if s.Latency == nil {
			return 0, false
		}
		return float64(s.Latency.ValueAtQuantile(percent)) / 1000, true
	}
	v, known = s.Extra[metric]
	return v, known
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// values returns a measure of every round; none if it is not known.
func (r Row) values(metric string) (all []float64) {
	if metric == latency999 { // one round has too few requests for it
		if r.Samples = r.merged(); r.Samples == nil {
			return nil
		}
	}
	for _, s := range r.Samples {
		v, known := s.value(metric)
		if !known || metric == databaseCPU && !r.Databases {
			return nil
		}
		all = append(all, v)
	}
	return all
}

// over returns the ratios of a measure to that of a yardstick, round by round; to the median of
// the yardstick where the rounds of the two are not pairs.
func (r Row) over(yardstick Row, metric string) (all []float64) {
	own, other := r.values(metric), yardstick.values(metric)
	if bound, ok := spread(other); ok && len(own) != len(other) {
		other = slices.Repeat([]float64{bound.Median}, len(own))
	}
	if len(own) != len(other) {
		return nil
	}
	for i := range own {
		if other[i] == 0 {
			return nil
		}
		all = append(all, own[i]/other[i])
	}
	return all
}

// A Spread is the median and the quartiles of some numbers.
type Spread struct{ Low, Median, High float64 }

// spread returns those of all, and false where there are none.
func spread(all []float64) (Spread, bool) {
	if len(all) == 0 {
		return Spread{}, false
	}
	all = slices.Sorted(slices.Values(all))
	return Spread{quantile(all, 0.25), quantile(all, 0.5), quantile(all, 0.75)}, true
}

// quantile interpolates between the two nearest of sorted numbers.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// find returns the row of a case at a load.
func find(rows []Row, group, name, load string) (Row, bool) {
	i := slices.IndexFunc(rows, func(r Row) bool {
		return r.Group == group && r.Case == name && (r.Load == load || r.Absent != nil)
	})
	if i < 0 {
		return Row{}, false
	}
	return rows[i], true
}

// yardstick returns what a row is compared with.
func yardstick(rows []Row, r Row) (Row, bool) {
	i := slices.IndexFunc(rows, func(y Row) bool {
		return y.Group == r.Group && y.Load == r.Load && y.Yardstick
	})
	if i < 0 || r.Yardstick {
		return Row{}, false
	}
	return rows[i], true
}
