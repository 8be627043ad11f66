// Package redis is a throttle.Store in Redis or Valkey, for sites of many nodes: a single
// server, one behind Sentinel, or a cluster. It is on floor 0, the pure tools.
//
// Each operation is a script about one key, by the server's clock, so that neither
// other clients nor clocks that differ come between. The keys end by themselves
// when their budgets are whole.
package redis
