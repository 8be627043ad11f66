// Package access is layer 5 of 5, the access control: who may enter which view
// is decided here, and nowhere else (Django: login_required,
// permission_required, user_passes_test).
//
//	mux.Handle("GET /profile", site.Access.LoginRequired(profile))
//
// A visitor who may not enter is led to the login page and back, or gets 401 or
// 403 as JSON where the client asks for JSON by name. An outage gives 503: it
// is neither a login nor a logout.
package access
