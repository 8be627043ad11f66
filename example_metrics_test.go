package coatcheck_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow/flowlog"
	"github.com/coatcheck/coatcheck/metrics"
)

// measured is a site whose requests and housekeeping are measured and logged. It returns the handler
// of the metrics and that of the site.
func measured(ctx context.Context, site *coatcheck.Site, mux *http.ServeMux) (_, _ http.Handler) {
	m := metrics.New(site)
	go func() { _ = site.Run(m.Background(ctx)) }()
	return m, flowlog.New(nil)(m.Record(site.Handler(mux)))
}

// The metrics of a site, for Prometheus.
func Example_metrics() {
	site, stop := newSite()
	defer stop()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	mux := http.NewServeMux()
	mux.Handle("/members/", site.RequireUser(http.NotFoundHandler()))
	numbers, handler := measured(ctx, site, mux)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/members/", http.NoBody))
	w := httptest.NewRecorder()
	numbers.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "coatcheck_requests_total") {
			fmt.Print(line)
		}
	}
	// Output: coatcheck_requests_total{reason="no-cookie",verdict="refused"} 1
}
