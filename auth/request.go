package auth

import (
	"context"
	"errors"
	"log/slog"
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
type finding struct{ request *http.Request }

// requestUser is the user of one request, found when it is first asked for.
type requestUser struct {
	service  *Service
	response http.ResponseWriter // may be nil
	request  *http.Request       // may be nil

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

// WithUser returns the request in a context as NewContext makes one. The user of a session that
// is bound to a device is found by a request alone: see BindSessions.
func (s *Service) WithUser(w http.ResponseWriter, r *http.Request) *http.Request {
	ru := &requestUser{service: s, response: w, request: r}
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, ru))
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
		ru.user, ru.err = ru.service.sessionUser(context.WithValue(ctx, contextKey{}, finding{ru.request}))
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

// sessionUser finds the user of the session, as Verify does. It ends a session that is good
// for nobody any more, so that it stays over. A hash made with an old secret key is renewed in
// its place: the session keeps its key, so that the requests of a page that come at once all
// find it. A session that does not say when it began, because a Django made it or there was
// no limit, begins now.
func (s *Service) sessionUser(ctx context.Context) (*User, error) {
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	id, code, err := s.whose(ctx, session, s.unshown)
	if err != nil {
		return nil, err
	}
	switch code {
	case "user.device_unbound": // the session stays, for the device that it is bound to
		s.missed(ctx, session, id)
		return AnonymousUser(), nil
	case "user.too_old", "user.inactive", "user.hash_mismatch", "user.ended":
		key := session.Key()
		if err := session.Flush(ctx); err != nil {
			return nil, err
		}
		s.recordRejected(ctx, id, key, code)
	case "user.found_by_old_key":
		if err := s.renewHash(ctx, session, id.User); err != nil {
			return nil, err
		}
	}
	if id.User.IsAuthenticated() {
		return id.User, s.stampBegin(ctx, session)
	}
	return id.User, nil
}

// renewHash stores the auth hash made with the present secret key, if that can be stored.
func (s *Service) renewHash(ctx context.Context, session *sessions.Session, user *User) error {
	if session.ReadOnly() {
		return nil
	}
	flow.Emit(ctx, "user.hash_renewed", slog.String("user", user.ID))
	return session.Set(ctx, sessionkeys.Hash, s.SessionAuthHash(user))
}

// storedID reads the user's ID, which Django writes as a string and also
// accepts as a number. What is present and neither is the ID of nobody, "".
func storedID(ctx context.Context, session *sessions.Session) (id string, present bool, err error) {
	if _, present, err = session.Get(ctx, sessionkeys.UserID); err != nil {
		return "", false, err
	}
	return sessionkeys.UserOf(sessionkeys.Loaded(session)), present, nil
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
