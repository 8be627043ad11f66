package sessions

import (
	"context"
	"errors"
)

type contextKey struct{}

// NewContext returns a context that carries the session. The middleware does
// it for every request.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// ErrNoSession: the request did not come through the session middleware.
var ErrNoSession = errors.New("sessions: the request has no session; wrap the handler with middleware.Sessions, " +
	"or serve it through Site.Handler")

// FromContext returns the session of the request (Django: request.session), or
// ErrNoSession where the middleware is missing.
func FromContext(ctx context.Context) (*Session, error) {
	if s, ok := ctx.Value(contextKey{}).(*Session); ok {
		return s, nil
	}
	return nil, ErrNoSession
}
