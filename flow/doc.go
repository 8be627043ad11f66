// Package flow is the one stream of what the five layers do for a request: each step is an
// Event with a Code of the one table in codes.go, and goes to the sinks in the context.
//
//	ctx = flow.WithSink(ctx, sink)
//	flow.Emit(ctx, "login.done", slog.String("user", user.ID))
//
// The trace of `coatcheck serve --trace` is a sink, and so may be metrics, an audit log or
// an inspector. Without a sink nothing is recorded and nothing is allocated; a place that
// would compute attributes asks [On] first.
//
// Codes are written as they are in the table, so that a search for one finds the place that
// emits it; a test of the repository holds that each is in the table, and each of the table
// is emitted. Attributes never hold a secret: a session key is shortened by [Brief].
//
// It is on floor 0, the pure tools.
package flow
