package hooks

import (
	"net/http"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
)

// Binding binds sessions to devices, so that a stolen cookie signs nobody in on another one.
// The package accounts/devicebound has one.
type Binding interface {
	// Shown reports whether a request comes from the device to which its session is bound. It is
	// asked of each request whose session has the key sessionkeys.Bound, and asks no store. The
	// request is nil where nobody knows it.
	Shown(r *http.Request, session *sessions.Session) bool
	// Offer asks the browser of a login to bind the session, which is not bound yet. What it
	// adds to the response and to the session goes out with the login. The error is a failure
	// of the store of sessions.
	Offer(w http.ResponseWriter, r *http.Request, session *sessions.Session) error
	// Missed is called of each request that is not Shown, with the user of its session. The
	// request has no user, and stays as it is.
	Missed(r *http.Request, session *sessions.Session, user *database.User)
}
