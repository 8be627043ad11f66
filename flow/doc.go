// Package flow records what each of the five layers did for one request. It is on floor 0,
// the pure tools.
//
// A trace is switched on by putting it in the request's context with
// [NewContext]; the layers then report their steps to it. Without a trace
// nothing is recorded and nothing is allocated:
//
//	if t := flow.FromContext(ctx); t != nil {
//		t.Step(flow.SessionEngine, "session row read", "key", flow.Brief(key))
//	}
//
// Steps never hold a secret: a session key is shortened by [Brief].
package flow
