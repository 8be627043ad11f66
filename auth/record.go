package auth

import (
	"context"
	"errors"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// Audit returns the audit log of the configuration, for parts of a site that change accounts
// themselves. It is nil where there is none, which records nothing.
func (s *Service) Audit() *audit.Log { return s.audit }

// recorded applies a change and records it, in one transaction if the users have any.
func (s *Service) recorded(ctx context.Context, e audit.Event, change func(context.Context) error) error {
	both := func(ctx context.Context, _ *database.DB) error {
		if err := change(ctx); err != nil {
			return err
		}
		return s.audit.Add(ctx, e)
	}
	if s.audit == nil || s.tx == nil {
		return both(ctx, nil)
	}
	return s.tx.Tx(ctx, both)
}

// recordFailed records credentials that were wrong, of the user for whom they were meant, or nil.
func (s *Service) recordFailed(ctx context.Context, c Credentials, meant *User, denied bool) {
	if s.audit == nil || c.RemoteUser != "" {
		return
	}
	if meant == nil && s.attempts.Off() && c.Username != "" {
		// Whatever comes of it, the database is asked the same.
		if _, found, err := s.identify(ctx, c.Username); err == nil {
			meant = found
		}
	}
	e := audit.Event{Code: "login-failed", User: meant, Request: c.Request}
	present := foundUser(ctx)
	switch {
	case denied:
		e.Reason = "permission-denied"
	case meant == nil:
		e.Reason = "unknown-user"
	case !meant.IsActive:
		e.Reason = flow.Code("user.inactive").Reason()
	case !meant.Password.Usable():
		e.Reason = flow.Code("password.unusable").Reason()
	default:
		e.Reason = "wrong-password"
	}
	if meant != nil && present.IsAuthenticated() && present.ID == meant.ID {
		e.Code = "password-check-failed"
	}
	_ = s.audit.Add(ctx, e) // it waits
}

// recordRefused records a login that was refused though the credentials were right.
func (s *Service) recordRefused(ctx context.Context, user *User, err error) {
	refusal := (*hooks.Refusal)(nil)
	e := audit.Event{Code: "login-refused", User: user}
	switch {
	case errors.Is(err, ErrLoginElsewhere):
		e.Reason = "login-condition"
	case errors.As(err, &refusal):
		e.Reason = "refused-by-hook"
	default:
		return
	}
	_ = s.audit.Add(ctx, e) // it waits
}

// recordRejected records a session that is good for nobody any more, for the reason of the code.
func (s *Service) recordRejected(ctx context.Context, id Identity, key sessions.Key, code flow.Code) {
	_ = s.audit.Add(ctx, audit.Event{ // it waits
		Code: "session-rejected", Reason: code.Reason(), User: &User{ID: id.UserID}, Session: key,
	})
}
