package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
)

// guess is what one guess of a password was taken from.
type guess struct {
	address  attempts.Budget
	accounts []attempts.Budget
	deviceOf string // the ID of the user who knows the browser that it came from
	meant    *User  // whom it is meant for, or nil
}

// all are the budgets of a guess.
func (g *guess) all() []attempts.Budget { return append([]attempts.Budget{g.address}, g.accounts...) }

// reserve uses the attempts that these credentials cost. The error is a
// ThrottledError, or a failure of a store: nothing may be looked at then.
func (s *Service) reserve(ctx context.Context, c Credentials) (guess, error) {
	accounts, user, err := s.identify(ctx, c.Username)
	if err != nil {
		return guess{}, err
	}
	g := guess{meant: user}
	nonce, known := s.devices.Find(c.Request, user)
	switch {
	case known:
		g.deviceOf = user.ID
		g.accounts = []attempts.Budget{s.attempts.Device(nonce, user.ID)}
	case c.Username == "" && len(c.Extra) > 0: // a backend of the program's own knows whose they are
		g.address = s.attempts.Client("", c.Request)
	default:
		g.address = s.attempts.Client("", c.Request)
		for _, a := range accounts {
			g.accounts = append(g.accounts, s.attempts.Account(a.key, a.owner))
		}
	}
	return g, s.attempts.Take(ctx, g.all()...)
}

// settleTimeout bounds what is done after a guess, which goes on when the client
// is gone.
const settleTimeout = 5 * time.Second

// settle returns what a guess cost that was right, or that was none because
// hashing had no place. The login of a user restores what is that user's alone;
// of an account that the same text may open as well, it gives back the attempt. A
// failure of that keeps nobody out who is in.
func (s *Service) settle(ctx context.Context, g guess, user *User, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	switch {
	case err == nil:
		s.attempts.Give(ctx, g.address)
		s.attempts.Settle(ctx, user.ID, g.accounts...)
	case errors.Is(err, password.ErrBusy) && s.oneHasher:
		s.attempts.Give(ctx, g.all()...)
	}
}

// Allow uses an attempt of something else than a login that unknown clients may do, by
// the limits of Config.Throttle: one of the client's address by Address, and one
// of the identity by Account, unless that is empty. The kind names what it is,
// such as "signup", and each kind has budgets of its own; it has no colon. An
// identity counts as SameEmail compares. The error is a ThrottledError, or a
// failure of the store; nil where throttling is off.
func (s *Service) Allow(r *http.Request, kind, identity string) error {
	if s.attempts.Off() {
		return nil
	}
	if strings.Contains(kind, ":") {
		return fmt.Errorf("auth: Allow: the kind %q has a colon", kind)
	}
	account := attempts.Budget{}
	if identity != "" {
		account = s.attempts.Identity(kind, foldBounded(identity))
	}
	err := s.attempts.Take(r.Context(), s.attempts.Client(kind, r), account)
	if errors.Is(err, attempts.ErrThrottled) {
		s.log.InfoContext(r.Context(), "too many attempts", "kind", kind, client(r))
	}
	return err
}

// Attempt uses an attempt to log in by another proof than a password, of which nobody knows yet
// whom it is for: one of those that the client's address has for guesses of passwords. The
// function returns it, for a proof that was right. The error is as that of Allow.
func (s *Service) Attempt(r *http.Request) (right func(), err error) {
	if s.attempts.Off() {
		return func() {}, nil
	}
	budget := s.attempts.Client("", r)
	if err := s.attempts.Take(r.Context(), budget); err != nil {
		if errors.Is(err, attempts.ErrThrottled) {
			s.log.InfoContext(r.Context(), "login refused: too many attempts", client(r))
		}
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), settleTimeout)
		defer cancel()
		s.attempts.Give(ctx, budget)
	}, nil
}

// FailAttempt logs a proof that was wrong, as a wrong password is logged, and calls the hooks of
// LoginFailed, whose error it returns.
func (s *Service) FailAttempt(r *http.Request) error {
	flow.Emit(r.Context(), "authenticate.failed")
	s.log.InfoContext(r.Context(), "login failed", client(r))
	return s.hooks.LoginFailed.Run(r.Context(), s.tx, &hooks.Event{Request: r}, nil)
}
