// Package measure decides what is counted and measured of the flow, for each system of metrics alike:
// metrics sends it to Prometheus, and the module otel to OpenTelemetry. The table of metrics is here.
//
// It is above the front door.
package measure
