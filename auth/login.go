package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// ErrBackendUnknown: the user does not say which of several backends knows it.
var ErrBackendUnknown = errors.New("auth: several backends are configured, so set User.Backend, as Authenticate does")

// Login signs the user in to the session of the request (Django: login). The
// session gets a new key and keeps what an anonymous visitor stored in it; the
// session of another user is emptied first, and one of the same user stays as
// it is. The cookie goes out with the response, and so does the one by which the
// browser is known from now on: see SetDeviceCookie. The error is a failure of a store
// or that of a hook, which leaves nobody signed in who was not before, or says which
// middleware is missing, or ErrLoginElsewhere, or a *StepError if a Factor is wanted.
func (s *Service) Login(r *http.Request, user *User) error {
	p, err := s.Begin(r, user, Proof{Method: "login"})
	if err != nil {
		return err
	}
	return s.Complete(r, p)
}

// backendOf returns the name of the backend that knows the user.
func (s *Service) backendOf(user *User) (string, error) {
	if user.Backend != "" {
		return user.Backend, nil
	}
	if len(s.backends) != 1 {
		return "", ErrBackendUnknown
	}
	return s.backends[0].Name(), nil
}

// login does what Login says, for a user who has taken all steps.
func (s *Service) login(r *http.Request, user *User) error {
	ctx := r.Context()
	ru, session, err := parts(ctx)
	if err != nil {
		return err
	}
	backend, err := s.backendOf(user)
	if err != nil {
		return err
	}
	if err := s.mayLogin(ctx, user); err != nil { // also if it could when it began
		s.recordRefused(ctx, user, err)
		return err
	}
	fresh, err := s.freshSession(r, session, user)
	if err != nil {
		return err
	}
	if fresh {
		session.Begin()
	}
	if err := s.signIn(ctx, session, user, backend); err != nil {
		return err
	}
	user.Backend = backend
	ru.set(user)
	hooks.Login(ctx)
	err = s.loggedIn(r, user)
	if err == nil && ru.response != nil && user.Password.Usable() {
		err = s.SetDeviceCookie(ru.response, r, user)
	}
	if err != nil {
		if fresh {
			err = errors.Join(err, withdraw(ctx, ru, session))
		}
		return err
	}
	if flow.On(ctx) {
		flow.Emit(ctx, "login.done", slog.String(sessionkeys.UserID, user.ID),
			slog.String(sessionkeys.Backend, backend),
			slog.String(sessionkeys.Hash, flow.Brief(s.SessionAuthHash(user))))
	}
	if err := s.stampLogin(ctx, session); err != nil {
		return err
	}
	return s.offer(ru.response, r, session)
}

// signIn stores who is signed in: Django's three keys, and the number of the last
// ending of the user's sessions.
func (s *Service) signIn(ctx context.Context, session *sessions.Session, user *User, backend string) error {
	for _, item := range [...][2]string{
		{sessionkeys.UserID, user.ID}, {sessionkeys.Backend, backend}, {sessionkeys.Hash, s.SessionAuthHash(user)},
	} {
		if err := session.Set(ctx, item[0], item[1]); err != nil {
			return err
		}
	}
	if err := s.stampBegin(ctx, session); err != nil || s.endings == nil {
		return err
	}
	ending, err := s.lastEnding(ctx, user)
	if err != nil {
		return err
	}
	return session.Set(ctx, sessionkeys.Ending, ending) // so the session outlives this ending
}

// withdraw reverts a login, so that it counts for nothing even where the
// handler responds to its error with a status by which the session is saved.
func withdraw(ctx context.Context, ru *requestUser, session *sessions.Session) error {
	ru.set(AnonymousUser())
	for _, key := range [...]string{sessionkeys.UserID, sessionkeys.Backend, sessionkeys.Hash, sessionkeys.Ending, sessionkeys.Began, sessionkeys.LoginTime} {
		if _, err := session.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func parts(ctx context.Context) (*requestUser, *sessions.Session, error) {
	ru, err := fromContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	session, err := sessions.FromContext(ctx)
	return ru, session, err
}

// freshSession sees to it that nobody who knew the session key before the login
// knows it after. A session that the user is signed in to already stays, and is
// not fresh. One that another request has ended concurrently stays so, with all that
// was in it: the login begins another. So does one from another device than that to which the
// session is bound.
func (s *Service) freshSession(r *http.Request, session *sessions.Session, user *User) (fresh bool, err error) {
	ctx := r.Context()
	_, present, err := storedID(ctx, session)
	if err != nil {
		return false, err
	}
	if !present {
		err := session.Renew(ctx)
		if errors.Is(err, sessions.ErrInterrupted) {
			err = session.Flush(ctx)
		}
		return true, err
	}
	ending, err := s.lastEnding(ctx, user)
	if err != nil {
		return false, err
	}
	v := sessionkeys.Loaded(session)
	stored, _ := sessionkeys.Text(v, sessionkeys.Hash)
	if s.outlived(session) || sessionkeys.UserOf(v) != user.ID || s.matchHash(stored, user.Password) != hashCurrent || endedWith(v, user, ending) {
		return true, session.Flush(ctx)
	}
	if !s.shown(r, session) {
		return true, session.Flush(ctx)
	}
	if session.ReadOnly() { // what the login stores could not be saved
		return false, session.Renew(ctx)
	}
	return false, nil
}

// loggedIn stores last_login, as Django's own receiver of user_logged_in does,
// and calls the hooks.
func (s *Service) loggedIn(r *http.Request, user *User) error {
	now, before := time.Now(), user.LastLogin
	event := &hooks.Event{User: user, Request: r, LastLogin: before}
	err := s.hooks.LoggedIn.Run(r.Context(), s.tx, event, func(ctx context.Context) error {
		if err := s.users.SetLastLogin(ctx, user.ID, now); err != nil {
			return fmt.Errorf("auth: store last login: %w", err)
		}
		user.LastLogin = now
		return s.audit.Add(ctx, audit.Event{Code: "login", User: user, Request: r})
	})
	if err != nil {
		user.LastLogin = before
		s.recordRefused(r.Context(), user, err)
		return err
	}
	s.log.InfoContext(r.Context(), "logged in", client(r), "user", user.ID)
	return nil
}

// Logout ends the session of the request with all its data (Django: logout),
// no matter whose it is. The error is a failure of the store, or that of a hook; the
// session then is as it was.
func (s *Service) Logout(r *http.Request) error {
	ctx := r.Context()
	ru, session, err := parts(ctx)
	if err != nil {
		return err
	}
	user, err := UserFromContext(ctx)
	if err != nil {
		return err
	}
	event, key := &hooks.Event{User: user, Request: r}, session.Key()
	return s.hooks.LoggedOut.Around(ctx, s.tx, event, func(ctx context.Context) error {
		if err := session.Flush(ctx); err != nil {
			return err
		}
		ru.set(AnonymousUser())
		flow.Emit(ctx, "logout.done", slog.String("user", user.ID))
		if !user.IsAuthenticated() {
			return nil
		}
		s.log.InfoContext(ctx, "logged out", client(r), "user", user.ID)
		return s.audit.Add(ctx, audit.Event{Code: "logout", User: user, Request: r, Session: key})
	})
}

// UpdateSessionAuthHash keeps the session of the request signed in after the
// user's password was changed, under a new key; the user's other sessions end
// (Django: update_session_auth_hash).
func (s *Service) UpdateSessionAuthHash(r *http.Request, user *User) error {
	ctx := r.Context()
	ru, session, err := parts(ctx)
	if err != nil {
		return err
	}
	current, err := UserFromContext(ctx)
	if err != nil {
		return err
	}
	if err := session.Renew(ctx); err != nil {
		return err
	}
	if current.ID != user.ID {
		return nil
	}
	ru.set(user)
	return session.Set(ctx, sessionkeys.Hash, s.SessionAuthHash(user))
}
