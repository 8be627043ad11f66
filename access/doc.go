// Package access decides who may open which page, by guards around handlers (Django:
// login_required, permission_required, user_passes_test). It is layer 5 of 5.
//
//	mux.Handle("GET /profile", site.RequireUser(profile))
//	mux.Handle("GET /polls", site.RequirePermission("polls.add_poll")(polls))
//	mux.Handle("GET /api/polls", site.API().RequireUser(list))
//
// Visitors who may not enter are redirected to the login page and back, or get 401 as JSON
// if they ask for JSON by name. Users who may not enter get 403 with a sentence that names
// their account. A failure of a store gives 503: it is neither a login nor a logout.
package access
