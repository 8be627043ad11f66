// Package auth tells who a request is: users, credentials, logging in and out,
// permissions (Django: django.contrib.auth). It is what the middleware, layer 3
// of 5, reads, the views call and the access control asks.
//
// In a handler it is one line:
//
//	user, err := auth.UserFromContext(r.Context())
//
// The user is never nil: a visitor is an anonymous user, for whom
// IsAuthenticated is false. An error means that the database or the session
// store failed, never that nobody is signed in.
//
// The verbs are Django's. CreateUser stores a user and makes no session.
// Authenticate checks credentials and makes no session. Login makes the session.
package auth
