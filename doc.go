// Package coatcheck is Django's session-based authentication for Go: users,
// password hashes, sessions, cookies, middleware, views and access control, on
// net/http, in Django's own formats.
//
// You hand over your coat and get a ticket. The browser holds a random ticket,
// the cookie sessionid; the server holds everything else.
//
//	db, err := sqlite.Open(ctx, "app.db")
//	site, err := coatcheck.New(coatcheck.Config{
//		Database: db, Keys: coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")},
//	})
//	mux.Handle("/accounts/", site.Views)
//	mux.Handle("GET /profile", site.RequireUser(profile))
//	go site.Run(ctx)
//	http.ListenAndServe(":8000", site.Handler(mux))
//
// and in a handler
//
//	user, err := auth.UserFromContext(r.Context())
//
// This package is the front door: it wires the five layers and does nothing
// else. Each layer is a package of its own, named in ARCHITECTURE.md, and a
// program that outgrows New wires them itself.
package coatcheck
