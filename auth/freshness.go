package auth

import (
	"context"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/sessions"
)

// KeepLoginTimes causes Login to store the time in the session from now on, for LoginIsFresh.
// access.Fresh calls it; a program that only signs users in, for guards in another process,
// calls it itself, or its users are asked to log in twice.
func (s *Service) KeepLoginTimes() { s.loginTimes.Store(true) }

// LoginIsFresh reports whether the user of the request logged in by its session at most
// maxAge ago. If not, the session notes that another login is asked for, so that the login
// page shows its form, and Login stores the time in any case. A session that does not say
// when its user logged in, because Django made it for instance, is not fresh. The error is
// ErrNoAuthentication or a failure of a store.
func (s *Service) LoginIsFresh(ctx context.Context, maxAge time.Duration) (bool, error) {
	user, err := UserFromContext(ctx)
	if err != nil || !user.IsAuthenticated() {
		return false, err
	}
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return false, err
	}
	seconds, there, err := loginTime(ctx, session)
	if err != nil {
		return false, err
	}
	asked := there && seconds <= 0
	if last := max(seconds, -seconds); last > 0 && time.Since(time.Unix(last, 0)) <= maxAge {
		return true, nil
	}
	if asked || session.ReadOnly() {
		return false, nil
	}
	return false, session.Set(ctx, sessionkeys.LoginTime, -seconds)
}

// LoginAsked reports whether the user of the request has to log in once more for a page
// that asked LoginIsFresh, so that a login page must not pass them by.
func (s *Service) LoginAsked(ctx context.Context) (bool, error) {
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return false, err
	}
	seconds, there, err := loginTime(ctx, session)
	return there && seconds <= 0, err
}

// stampLogin stores that the user logged in now, where somebody wants to know.
func (s *Service) stampLogin(ctx context.Context, session *sessions.Session) error {
	_, there, err := session.Get(ctx, sessionkeys.LoginTime)
	if err != nil || !there && !s.loginTimes.Load() {
		return err
	}
	return session.Set(ctx, sessionkeys.LoginTime, time.Now().Unix())
}

// loginTime reads the key. What is no number counts as no time.
func loginTime(ctx context.Context, session *sessions.Session) (seconds int64, there bool, err error) {
	text, there, err := session.Get(ctx, sessionkeys.LoginTime)
	if err != nil || !there {
		return 0, false, err
	}
	seconds, err = strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, true, nil
	}
	return seconds, true, nil
}
