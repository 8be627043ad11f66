package auth

import (
	"context"
	"net/http"

	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// BindSessions lets b bind the sessions of logins from now on, and refuse what it does not see
// Shown: the request is anonymous, and its session stays as it is. A program calls it before it
// serves.
func (s *Service) BindSessions(b hooks.Binding) { s.binding.Store(&b) }

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

// missed informs the binding of a request that is not shown.
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
