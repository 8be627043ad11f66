// Package metrics counts and measures what a site does, for Prometheus: logins, refusals, sessions,
// hashes, stores, emails. It listens to the one stream of package flow.
//
//	m := metrics.New(site)
//	handler := m.Record(site.Handler(mux))
//	go site.Run(m.Background(ctx))
//	http.ListenAndServe("127.0.0.1:9100", m) // GET /metrics
//
// No label holds a user, a key, an address or a path: each has few values, which [Table] names.
// It is above the front door, beside the programs.
package metrics
