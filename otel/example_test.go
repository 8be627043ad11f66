package otel_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/otel"
)

// told is a site whose requests and housekeeping are told to OpenTelemetry. It returns the handler of
// the site.
func told(
	ctx context.Context, site *coatcheck.Site, mux *http.ServeMux, c otel.Config,
) (http.Handler, error) {
	t, err := otel.New(site, c)
	if err != nil {
		return nil, err
	}
	go func() { _ = site.Run(t.Background(ctx)) }()
	return t.Record(site.Handler(mux)), nil
}

// The span of a request to a page for members, by a visitor.
func Example() {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	db, err := sqlite.Open(ctx, ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db, Keys: coatcheck.Keys{Secret: "the secret key of an example, fifty characters long"},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/members/", site.RequireUser(http.NotFoundHandler()))

	// A program has exporters of its own here, such as those of OTLP.
	spans := tracetest.NewInMemoryExporter()
	handler, err := told(ctx, site, mux, otel.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
	})
	if err != nil {
		log.Fatal(err)
	}
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/members/", http.NoBody))
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
		for _, step := range span.Events {
			fmt.Println(" ", step.Name)
		}
	}
	// Output:
	// GET
	//   cookie.read
	//   session.none
	//   user.anonymous
	//   access.redirected
}
