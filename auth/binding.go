package auth

import (
	"context"
	"net/http"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
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
	Missed(r *http.Request, session *sessions.Session, user *User)
}

// BindSessions lets b bind the sessions of logins from now on, and refuse what it does not see
// Shown: the request is anonymous, and its session stays as it is. A program calls it before it
// serves.
func (s *Service) BindSessions(b Binding) { s.binding.Store(&b) }

// shown reports whether a request comes from the device to which its loaded session is bound, if
// it is bound.
func (s *Service) shown(r *http.Request, session *sessions.Session) bool {
	b := s.binding.Load()
	if b == nil {
		return true
	}
	if _, bound := session.Peek(sessionkeys.Bound); !bound {
		return true
	}
	return (*b).Shown(r, session)
}

// missed tells the binding of a request that is not shown.
func (s *Service) missed(ctx context.Context, session *sessions.Session, id Identity) {
	if b, r := s.binding.Load(), requestOf(ctx); b != nil && r != nil {
		(*b).Missed(r.WithContext(ctx), session, id.User)
	}
}

// offer offers to bind the session of a login.
func (s *Service) offer(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	b := s.binding.Load()
	if b == nil || w == nil {
		return nil
	}
	if _, bound := session.Peek(sessionkeys.Bound); bound {
		return nil
	}
	return (*b).Offer(w, r, session)
}

// unshown is the code of a user whose session is bound to another device than that of the
// request; it is the code as it was otherwise.
func (s *Service) unshown(ctx context.Context, session *sessions.Session, code flow.Code) flow.Code {
	signedIn := code == "user.found" || code == "user.found_by_old_key"
	if signedIn && !s.shown(requestOf(ctx), session) {
		return "user.device_unbound"
	}
	return code
}

// requestOf returns the request whose user is being found, or nil.
func requestOf(ctx context.Context) *http.Request {
	f, _ := ctx.Value(contextKey{}).(finding)
	return f.request
}
