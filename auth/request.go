package auth

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// ErrNoAuthentication: the request did not come through the authentication
// middleware.
var ErrNoAuthentication = errors.New("auth: the request has no user; wrap the handler with middleware.Authentication, " +
	"inside middleware.Sessions, or serve it through Site.Handler")

// errFinding is what UserFromContext says to a backend, store or log handler
// that asks for the user while it is being found. Waiting would last forever.
var errFinding = errors.New("auth: the user of the request is being found just now")

type contextKey struct{}

// finding stands in the place of the requestUser while it is being found.
type finding struct{}

// requestUser is the user of one request, found when it is first asked for.
type requestUser struct {
	service  *Service
	response http.ResponseWriter // may be nil

	mu   sync.Mutex // guards what follows
	user *User      // nil until it was found
	err  error
}

// NewContext returns a context whose user is found, by the session in it, when
// UserFromContext first asks. The authentication middleware does it for every
// request. A login in it sets cookies on w, which may be nil.
func (s *Service) NewContext(ctx context.Context, w http.ResponseWriter) context.Context {
	return context.WithValue(ctx, contextKey{}, &requestUser{service: s, response: w})
}

// UserFromContext returns the user of the request (Django: request.user), who
// is never nil without an error. The first call may load the session and the
// user; later ones return the same. The error is ErrNoAuthentication where the
// middleware is missing, and else a failure of the store, for a response of 503.
func UserFromContext(ctx context.Context) (*User, error) {
	ru, err := fromContext(ctx)
	if err != nil {
		return nil, err
	}
	ru.mu.Lock()
	defer ru.mu.Unlock()
	if ru.user == nil && ru.err == nil {
		ru.user, ru.err = ru.service.sessionUser(context.WithValue(ctx, contextKey{}, finding{}))
	}
	return ru.user, ru.err
}

func fromContext(ctx context.Context) (*requestUser, error) {
	switch ru := ctx.Value(contextKey{}).(type) {
	case *requestUser:
		return ru, nil
	case finding:
		return nil, errFinding
	}
	return nil, ErrNoAuthentication
}

func (ru *requestUser) set(u *User) {
	ru.mu.Lock()
	defer ru.mu.Unlock()
	ru.user, ru.err = u, nil
}

// sessionUser is Django's get_user: from session to user, by way of the backend
// and the session auth hash.
func (s *Service) sessionUser(ctx context.Context) (*User, error) {
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	id, _, err := storedID(ctx, session)
	if err != nil {
		return nil, err
	}
	name, err := session.Text(ctx, sessionkeys.Backend)
	if err != nil {
		return nil, err
	}
	if id == "" || name == "" {
		return s.anonymous(ctx, "nobody is signed in to this session")
	}
	backend := s.backend(name)
	if backend == nil {
		s.unknown.warn(ctx, s.log, name)
		return s.anonymous(ctx, "the session's backend is not configured", "backend", name)
	}
	if outlived, err := s.outlived(ctx, session); err != nil || outlived {
		if err != nil {
			return nil, err
		}
		return s.end(ctx, session, "the session is older than SessionMaxAge; session ended", id)
	}
	user, err := backend.User(ctx, id)
	switch {
	case errors.Is(err, ErrInactive): // it must not live again with its user
		return s.end(ctx, session, "the user is not active; session ended", id)
	case errors.Is(err, ErrNoUser):
		return s.anonymous(ctx, "the user is gone or not active", "user", id)
	}
	if err != nil {
		return nil, err
	}
	user.Backend = name
	return s.checkHash(ctx, session, user)
}

// storedID reads the user's ID, which Django writes as a string and also
// accepts as a number. What is present and neither is the ID of nobody, "".
func storedID(ctx context.Context, session *sessions.Session) (id string, present bool, err error) {
	if _, present, err = session.Get(ctx, sessionkeys.UserID); err != nil {
		return "", false, err
	}
	return sessionkeys.UserOf(sessionkeys.Loaded(session)), present, nil
}

func (s *Service) anonymous(ctx context.Context, reason string, details ...any) (*User, error) {
	flow.Report(ctx, flow.Middleware, "anonymous: "+reason, details...)
	return AnonymousUser(), nil
}

// end ends a session that is good for nobody any more.
func (s *Service) end(ctx context.Context, session *sessions.Session, reason, userID string) (*User, error) {
	if err := session.Flush(ctx); err != nil {
		return nil, err
	}
	return s.anonymous(ctx, reason, "user", userID)
}

// checkHash accepts a user whose password still is that of the login, in a session
// that has not ended with the others of the user. A hash made with an old secret key
// is renewed in its place: the session keeps its key, so that the requests of a page
// that come at once all find it.
func (s *Service) checkHash(ctx context.Context, session *sessions.Session, user *User) (*User, error) {
	stored, err := session.Text(ctx, sessionkeys.Hash)
	if err != nil {
		return nil, err
	}
	match := s.matchHash(stored, user.Password)
	if match == hashDiffers {
		return s.end(ctx, session, "the password was changed since the login; session ended", user.ID)
	}
	over, err := s.over(ctx, session, user)
	if over && err == nil { // or it is the one that stays, and was read before it was stamped
		if err = session.Reload(ctx); err == nil {
			over, err = s.over(ctx, session, user)
		}
	}
	switch {
	case errors.Is(err, sessions.ErrInterrupted):
		return s.end(ctx, session, "the session was ended with the others of the user", user.ID)
	case err != nil:
		return nil, err
	case over:
		return s.end(ctx, session, "the session was ended with the others of the user", user.ID)
	case match == hashFallback && session.ReadOnly():
		flow.Report(ctx, flow.Middleware, "session auth hash good by an old secret key, which the session keeps", "user", user.ID)
		return user, nil
	case match == hashFallback:
		flow.Report(ctx, flow.Middleware, "session auth hash good by an old secret key, renewed", "user", user.ID)
		return user, session.Set(ctx, sessionkeys.Hash, s.SessionAuthHash(user))
	}
	flow.Report(ctx, flow.Middleware, "session auth hash good", "user", user.ID)
	return user, nil
}

// SignedIn reports whether the user is signed in to a session, which need not be that
// of a request: the session names the user, the password has not changed since, and
// the session has not ended with the others of the user. It changes nothing.
func (s *Service) SignedIn(ctx context.Context, session *sessions.Session, user *User) (bool, error) {
	if _, _, err := storedID(ctx, session); err != nil {
		return false, err
	}
	ending, err := s.lastEnding(ctx, user)
	return err == nil && s.holds(sessionkeys.Loaded(session), user, ending), err
}
