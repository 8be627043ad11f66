package auth

import (
	"context"
	"errors"
	"log/slog"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
)

// Authenticate checks credentials and creates no session (Django: authenticate).
// The error is ErrInvalidCredentials where no backend accepts them (or that of a
// LoginFailed hook), a
// ThrottledError where there were too many attempts (see Throttle),
// password.ErrBusy where too many are being checked, and else a failure of a store.
// A remote user is no guess, and is not counted. Credentials from a device that the
// account knows, and those of the user who is signed in to the request, are checked
// as those of a known client: see password.KnownClient.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (*User, error) {
	if s.attempts.Off() || c.RemoteUser != "" {
		return s.authenticate(guessing(ctx, c, ""), c, nil)
	}
	g, err := s.reserve(ctx, c)
	if err != nil {
		if errors.Is(err, attempts.ErrThrottled) {
			flow.Emit(ctx, "authenticate.skipped")
			s.log.InfoContext(ctx, "login refused: too many attempts",
				client(c.Request), userAttr(idOf(g.meant)))
			_ = s.audit.Add(ctx, audit.Event{
				Code: "login-throttled", Reason: reasonOf(err), User: g.meant, Request: c.Request,
			}) // it waits
		}
		return nil, err
	}
	user, err := s.authenticate(guessing(ctx, c, g.deviceOf), c, g.meant)
	s.settle(ctx, g, user, err)
	return user, err
}

// reasonOf is the reason code of the budget that was used up.
func reasonOf(err error) string {
	throttled := (*attempts.ThrottledError)(nil)
	if errors.As(err, &throttled) && throttled.Code != "" {
		return throttled.Code.Reason()
	}
	return "throttled"
}

// tellBroken reports to the flow why credentials could not be checked.
func tellBroken(ctx context.Context, err error) {
	if tellBusy(ctx, err) {
		flow.Emit(ctx, "authenticate.skipped")
		return
	}
	flow.Emit(ctx, "authenticate.broken", slog.Any("error", err))
}

// tellBusy reports to the flow that there was no turn for a hash, and whether that is so.
func tellBusy(ctx context.Context, err error) bool {
	busy := errors.Is(err, password.ErrBusy)
	if busy {
		flow.Emit(ctx, "password.busy", slog.Any("error", err))
	}
	return busy
}

// authenticate asks the backends. The credentials are meant for that user, for the log; it is nil
// where that is not known.
func (s *Service) authenticate(ctx context.Context, c Credentials, meant *User) (*User, error) {
	denied := false
	for _, b := range s.backends {
		user, err := b.Authenticate(ctx, c)
		if err == nil {
			user.Backend = b.Name()
			flow.Emit(ctx, "authenticate.done",
				slog.String("user", user.ID), slog.String("backend", user.Backend))
			return user, nil
		}
		if errors.Is(err, ErrPermissionDenied) {
			denied = true
			break
		}
		if !errors.Is(err, ErrInvalidCredentials) {
			tellBroken(ctx, err)
			return nil, err
		}
	}
	flow.Emit(ctx, "authenticate.failed")
	// Not the username: people type passwords there.
	s.log.InfoContext(ctx, "login failed", client(c.Request), userAttr(idOf(meant)))
	s.recordFailed(ctx, c, meant, denied)
	event := &hooks.Event{Request: c.Request, Username: c.Username, Extra: c.cleanedExtra()}
	if err := s.hooks.LoginFailed.Run(ctx, s.tx, event, nil); err != nil {
		return nil, err
	}
	return nil, ErrInvalidCredentials
}
