package auth

import (
	"errors"
	"net/http"
)

// remoteBackend believes names that a web server in front checked; a backends.RemoteUser
// is one.
type remoteBackend interface {
	// CleanUsername returns the username for the name that the web server gives.
	CleanUsername(name string) string
}

// LoginRemote sees to it that the request's user is the one whom the web server
// names. A user who is signed in under this name stays so; a user whom a
// backends.RemoteUser signed in under another name is logged out first, session and all
// (CVE-2014-0482); and the user whom Authenticate then returns is logged in. Returning
// nobody is not an error. The caller decides if the name is to be believed:
// see middleware.RemoteUser.
func (s *Service) LoginRemote(r *http.Request, name string) error {
	ctx := r.Context()
	user, err := UserFromContext(ctx)
	if err != nil {
		return err
	}
	if user.IsAuthenticated() {
		if user.Username == s.cleanRemote(user, name) {
			return nil
		}
		if err := s.LogoutRemote(r); err != nil {
			return err
		}
	}
	if name == "" || s.waits(r, name) {
		return nil
	}
	user, err = s.Authenticate(ctx, Credentials{RemoteUser: name, Request: r})
	if errors.Is(err, ErrInvalidCredentials) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.Login(r, user)
	if step := (*StepError)(nil); errors.As(err, &step) { // the login page leads to it
		return nil
	}
	return err
}

// waits reports whether the login of the named user waits for a step.
func (s *Service) waits(r *http.Request, name string) bool {
	p, err := s.Continue(r)
	return err == nil && p.Next != nil && p.User.Username == s.cleanRemote(p.User, name)
}

// cleanRemote is the name as the backend of the session's user cleans it.
func (s *Service) cleanRemote(user *User, name string) string {
	if b, ok := s.backend(user.Backend).(remoteBackend); ok {
		return b.CleanUsername(name)
	}
	return name
}

// LogoutRemote logs out a user whom a backends.RemoteUser signed in, because the web
// server names it no more. Others stay.
func (s *Service) LogoutRemote(r *http.Request) error {
	user, err := UserFromContext(r.Context())
	if err != nil {
		return err
	}
	if _, remote := s.backend(user.Backend).(remoteBackend); !remote || !user.IsAuthenticated() {
		return nil
	}
	return s.Logout(r)
}
