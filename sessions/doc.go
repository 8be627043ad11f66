// Package sessions provides Django's django.contrib.sessions, byte for byte. It is layer 2 of
// 5, the session engine.
//
// A browser holds a random key, a [Store] holds what belongs to it. For each
// request the middleware makes a [Session] from the cookie; it loads from the
// store when it is first used, and what changed is saved when the response
// begins:
//
//	session, err := sessions.FromContext(ctx)
//	visits, _, err := sessions.Get[int](ctx, session, "visits")
//	err = session.Set(ctx, "visits", visits+1)
//
// Three rules hold for every store. A save never makes a session that is gone:
// a session that was logged out stays dead. Two requests that change one
// session at once both keep their changes, unless they change the same key.
// And a store that fails returns an error, never an empty session.
package sessions
