package auth

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// KeepLoginTimes causes Login to store the time in the session from now on, for LoginIsFresh.
// access.Fresh calls it; a program that only signs users in, for guards in another process,
// calls it itself, or its users are asked to log in twice.
func (s *Service) KeepLoginTimes() { s.loginTimes.Store(true) }

// LoginIsFresh reports whether the user of the request logged in by its session at most
// maxAge ago, or confirmed by ProveAgain to be the same. If not, the session notes that another
// login is asked for, so that the login page shows its form, and Login stores the time in any case.
// A session that does not say when its user logged in, because Django made it for instance, is not
// fresh. The error is ErrNoAuthentication or a failure of a store.
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

// ProveAgain stores in the session of the request that its user has just shown once more who
// they are, by a proof that the caller has checked. The session gets another key, so that a thief
// of the old one gains nothing. The error is a failure of the store, or sessions.ErrInterrupted.
func (s *Service) ProveAgain(r *http.Request, proof Proof) error {
	ctx := r.Context()
	user, err := UserFromContext(ctx)
	if err != nil {
		return err
	}
	if !user.IsAuthenticated() {
		return ErrNoUser
	}
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	proofs, err := s.Proofs(ctx)
	if err != nil {
		return err
	}
	if err := session.Renew(ctx); err != nil {
		return err
	}
	if proof.At.IsZero() {
		proof.At = time.Now()
	}
	proofs = slices.DeleteFunc(proofs, func(p Proof) bool { return p.Method == proof.Method })
	if err := session.Set(ctx, sessionkeys.Proofs, append(proofs, proof)); err != nil {
		return err
	}
	flow.Emit(ctx, "login.confirmed", slog.String("method", proof.Method))
	return session.Set(ctx, sessionkeys.LoginTime, proof.At.Unix())
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
