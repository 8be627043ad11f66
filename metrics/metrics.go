package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/watch"
)

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
	for _, metric := range table {
		switch {
		case isPolled(metric):
		case metric.Kind == histogram:
			options := prometheus.HistogramOpts{Name: metric.Name, Help: metric.Help}
			m.histograms[metric.Name] = prometheus.NewHistogramVec(options, metric.labelNames())
			registry.MustRegister(m.histograms[metric.Name])
		default:
			options := prometheus.CounterOpts{Name: metric.Name, Help: metric.Help}
			m.counters[metric.Name] = prometheus.NewCounterVec(options, metric.labelNames())
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
	for _, metric := range table {
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

func (m *Metric) labelNames() (all []string) {
	for _, l := range m.Labels {
		all = append(all, l.Name)
	}
	return all
}

// ServeHTTP responds to GET /metrics, and to everything else with 404. It belongs on a listener of
// its own, since anyone who reads it learns how much the site is used.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Record counts and measures each request. It belongs outermost.
func (m *Metrics) Record(next http.Handler) http.Handler { return watch.Requests(m.request)(next) }

// Background returns a context for Site.Run, so that housekeeping and emails are counted.
func (m *Metrics) Background(ctx context.Context) context.Context {
	return flow.WithSink(ctx, background{m})
}

// background is the sink of what belongs to no request.
type background struct{ m *Metrics }

// Emit counts the event.
func (b background) Emit(_ context.Context, e flow.Event) { b.m.event(&e) }

func (m *Metrics) add(metric string, n float64, labels ...string) {
	m.counters[metric].WithLabelValues(labels...).Add(n)
}

// request counts a request that is done.
func (m *Metrics) request(w *watch.Request) {
	events := w.Flow.Events()
	verdict, deciding := flow.Judge(events, w.Status)
	reason := flow.ReasonOf(verdict, deciding)
	m.add(requests, 1, string(verdict), reason)
	m.histograms[requestTime].WithLabelValues(string(verdict)).Observe(w.Took.Seconds())
	if outcome := loginOf(events); outcome != "" {
		switch {
		case outcome != "refused":
			reason = ""
		case verdict == flow.Failed:
			outcome = "failed"
		}
		m.add(logins, 1, outcome, reason)
	}
	why := "other"
	for i := range events {
		m.event(&events[i])
		if events[i].Code == "logout.done" {
			why = "logout"
		}
	}
	for i := range events {
		if events[i].Code == "session.deleted" {
			m.add(ended, 1, why)
		}
	}
}

// loginOf returns the outcome of the login that a request was, or "" for one that was none.
func loginOf(events []flow.Event) (outcome string) {
	for i := range events {
		switch events[i].Code {
		case "login.done":
			return "done"
		case "login.waits":
			outcome = "waits"
		case "authenticate.failed", "authenticate.broken", "authenticate.skipped", "login.refused",
			"login.incomplete":
			outcome = "refused"
		case "password_change.refused", "email_change.refused", "close.refused":
			return "" // which asked for the password of who is signed in
		}
	}
	return outcome
}

// event counts an event by itself.
func (m *Metrics) event(e *flow.Event) {
	if e.Code.Verdict() == flow.Failed {
		m.add(failures, 1, e.Code.Reason())
	}
	group, word, _ := strings.Cut(string(e.Code), ".")
	switch e.Code {
	case "database.row", "database.rows", "database.changed":
		if !e.Start.IsZero() {
			took := e.Time.Sub(e.Start).Seconds()
			m.histograms[statementTime].WithLabelValues(word).Observe(took)
		}
	case "session.created":
		m.add(created, 1)
	case "session.moved":
		m.add(ended, 1, "moved")
	case "session_list.ended":
		m.add(ended, count(e, "count"), "list")
	case "rescue.done":
		m.add(ended, count(e, "sessions"), "rescue")
	case "throttle.refused_account", "throttle.refused_address", "throttle.refused_device":
		m.add(throttled, 1, strings.TrimPrefix(word, "refused_"))
	case "email.queued", "email.dropped", "email.sent", "email.failed":
		m.add(mails, 1, word)
	case "cleaner.removed":
		if what := attribute(e, "what").String(); slices.Contains(cleaned, what) {
			m.add(removed, count(e, "count"), what)
		}
	case "session.missing", "session.expired", "session.corrupt", "session.bad_signature":
		m.add(refusedHere, 1, e.Code.Reason())
	default:
		if group == "user" && e.Code.Verdict() == flow.Refused {
			m.add(refusedHere, 1, e.Code.Reason())
		}
	}
}

// count is the attribute of an event that is a number.
func count(e *flow.Event, name string) float64 {
	if v := attribute(e, name); v.Kind() == slog.KindInt64 {
		return float64(max(0, v.Int64()))
	}
	return 0
}

func attribute(e *flow.Event, name string) slog.Value {
	for _, a := range e.Attrs {
		if a.Key == name {
			return a.Value.Resolve()
		}
	}
	return slog.Value{}
}
