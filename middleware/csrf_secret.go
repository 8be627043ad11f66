package middleware

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// csrfState is the secret of one request.
type csrfState struct {
	guard   *csrfGuard
	request *http.Request // with the session, where there is one
	header  http.Header   // of the response
	wrong   error         // what is wrong with the cookie
	done    bool          // the request was checked

	mu     sync.Mutex // guards what follows
	asked  bool       // the session was asked
	secret csrf.Secret
	stored string // as the cookie or the session has it
	update bool   // the secret is to be sent
	began  bool   // the response has begun
	late   bool   // the secret changed after that
}

// readCookie reads the secret from the cookie. One that is malformed is
// replaced, and never taken.
func (s *csrfState) readCookie() {
	value, ok := s.cookie()
	if !ok {
		return
	}
	if s.secret, s.wrong = csrf.Parse(value); s.wrong != nil {
		s.secret, s.update = csrf.NewSecret(), true
		return
	}
	s.stored = value
}

// cookie returns what the request has in the cookie.
func (s *csrfState) cookie() (string, bool) {
	return httptext.Lookup(s.request.Header, s.guard.config.CookieName)
}

// load reads the secret from the session, or where that has none from the cookie. Of a
// user who is signed in the cookie does not count: a login stores the secret, and
// others can plant a cookie more easily than a session.
func (s *csrfState) load() error {
	if !s.guard.config.UseSessions || s.asked {
		return nil
	}
	session, err := sessions.FromContext(s.request.Context())
	if err != nil {
		return err
	}
	stored, err := session.Text(s.request.Context(), csrf.SessionKey)
	if err != nil {
		return err
	}
	s.asked = true
	if !s.secret.IsZero() { // rotated concurrently
		return nil
	}
	secret, err := csrf.Parse(stored)
	if _, user := session.Peek(sessionkeys.UserID); err != nil && !user {
		stored, _ = s.cookie()
		secret, err = csrf.Parse(stored)
	}
	if err == nil {
		s.secret, s.stored = secret, stored
	}
	return nil
}

// known returns the secret that the request came with, or the zero one.
func (s *csrfState) known() (csrf.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.load()
	return s.secret, err
}

func (s *csrfState) token() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return "", err
	}
	if s.secret.IsZero() {
		s.renew()
	}
	s.update = true
	return s.secret.Token(), nil
}

// rotate creates a new secret (Django: rotate_token).
func (s *csrfState) rotate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew()
	flow.Emit(s.request.Context(), "csrf.renewed")
}

func (s *csrfState) renew() {
	s.secret, s.stored, s.update, s.late = csrf.NewSecret(), "", true, s.began
}

// send stores the secret if it was used, ahead of the first byte (Django:
// process_response).
func (s *csrfState) send(int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = true
	session, err := sessions.FromContext(s.request.Context())
	if !s.update || err == nil && session.Detached() { // the response is the same for everybody
		return nil
	}
	if err := s.load(); err != nil {
		return err
	}
	if s.guard.config.UseSessions && !session.IsEmpty() && !session.ReadOnly() {
		return s.keep(session)
	}
	line, err := s.guard.cookie(s.value(), cookiePath(s.request, s.guard.config.CookiePath))
	if err != nil {
		return err
	}
	addCookie(s.header, line)
	flow.Emit(s.request.Context(), "csrf.cookie_set", slog.String("name", s.guard.config.CookieName))
	return nil
}

// value returns the secret as it is stored.
func (s *csrfState) value() string {
	switch {
	case !s.guard.config.CookieMasked:
		return s.secret.Text()
	case len(s.stored) == csrf.TokenLength:
		return s.stored
	}
	return s.secret.Token()
}

// keep stores the secret in the session, and deletes the cookie of a visitor who had
// none before.
func (s *csrfState) keep(session *sessions.Session) error {
	c, ctx := &s.guard.config, s.request.Context()
	if _, sent := s.cookie(); sent {
		addCookie(s.header, httptext.DeleteCookie(c.CookieName, cookiePath(s.request, c.CookiePath), c.CookieDomain, c.CookieSameSite))
	}
	present, err := session.Text(ctx, csrf.SessionKey)
	value := s.value()
	if err != nil || present == value {
		return err
	}
	return session.Set(ctx, csrf.SessionKey, value)
}

// finish runs when the handler has returned.
func (s *csrfState) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late {
		s.guard.config.Logger.WarnContext(s.request.Context(), "a CSRF token was asked for after the response had begun; "+
			"the form will be refused", "path", requestinfo.LogPath(s.request))
	}
}
