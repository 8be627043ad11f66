// Package inspector shows the way of each request through the layers, live, on a page that
// only this machine and superusers can open.
//
//	i, err := inspector.New(inspector.Config{Kit: site.Views.Kit})
//	mux.Handle(inspector.DefaultPath, i)
//	http.ListenAndServe(addr, i.Record(site.Handler(mux)))
//
// It is a reader of the stream of package flow, and records nothing else: the page shows what
// a trace prints, and the rows that were read. Neither ever has a secret. It is layer 5 of 5.
package inspector
