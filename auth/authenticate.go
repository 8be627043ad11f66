package auth

import (
	"context"
	"errors"

	"github.com/coatcheck/coatcheck/flow"
)

// Authenticate checks credentials and makes no session (Django: authenticate).
// The error is ErrInvalidCredentials where no backend accepts them,
// password.ErrBusy where too many are being checked, and else an outage.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (*User, error) {
	for _, b := range s.backends {
		user, err := b.Authenticate(ctx, c)
		if err == nil {
			user.Backend = b.Name()
			flow.Report(ctx, flow.View, "credentials checked: good", "user", user.ID, "backend", user.Backend)
			return user, nil
		}
		if errors.Is(err, ErrPermissionDenied) {
			break
		}
		if !errors.Is(err, ErrInvalidCredentials) {
			flow.Report(ctx, flow.View, "credentials could not be checked", "error", err)
			return nil, err
		}
	}
	flow.Report(ctx, flow.View, "credentials checked: not valid")
	s.log.InfoContext(ctx, "login failed", "client", c.client()) // not the username: people type passwords there
	for _, hook := range s.hooks.LoginFailed {
		hook(ctx, c.cleaned())
	}
	return nil, ErrInvalidCredentials
}
