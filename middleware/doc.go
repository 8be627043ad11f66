// Package middleware attaches the session and the user to each request, and saves the
// session when the response begins (Django: SessionMiddleware, AuthenticationMiddleware and
// related ones). It is layer 3 of 5, the middleware.
//
// Each is a func(http.Handler) http.Handler. The order, outermost first, is
//
//	Trace, Proxy, Hosts, Security, CrossOrigin, Sessions, CSRF, Authentication
//
// and Site.Handler applies it. Nothing is read before the handler asks: a view
// that asks for neither session nor user costs no query.
package middleware
