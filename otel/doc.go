// Package otel reports what a site does to OpenTelemetry: a span for each request, with an event for
// each step of its flow, and the metrics of package metrics. It is a module of its own, so that no
// other program requires OpenTelemetry. Use the version that has the version of Coatcheck.
//
//	t, err := otel.New(site, otel.Config{TracerProvider: traces, MeterProvider: numbers})
//	handler := t.Record(site.Handler(mux))
//	go site.Run(t.Background(ctx))
//
// No span and no metric holds a password, a key, a token, a cookie or a query. Who a user is, and
// what a client chose, is in spans by [Config.Identify] only. No attribute of a metric holds a user,
// a key, an address or a path.
//
// It is above the front door, beside the programs.
package otel
