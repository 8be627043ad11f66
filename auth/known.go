package auth

import (
	"context"

	"github.com/coatcheck/coatcheck/password"
)

// foundUser returns the user of the request where somebody has asked for it before,
// else an anonymous one. It loads nothing.
func foundUser(ctx context.Context) *User {
	if ru, err := fromContext(ctx); err == nil {
		ru.mu.Lock()
		defer ru.mu.Unlock()
		if ru.user != nil {
			return ru.user
		}
	}
	return AnonymousUser()
}

// guessing returns the context in which credentials are checked: that of a known
// client where they came from a device of the user with this ID, or are those of the
// user who is signed in to the request. A login at another account stays unknown
// though the client is signed in.
func guessing(ctx context.Context, c Credentials, deviceOf string) context.Context {
	if deviceOf != "" {
		return password.KnownClient(ctx, deviceOf)
	}
	if user := foundUser(ctx); user.IsAuthenticated() && user.Username == c.Username {
		return password.KnownClient(ctx, user.ID)
	}
	return ctx
}

// changing returns the context in which a user's new password is hashed: that of a
// known client where the user is signed in to the request.
func changing(ctx context.Context, user *User) context.Context {
	if found := foundUser(ctx); found.IsAuthenticated() && found.ID == user.ID {
		return password.KnownClient(ctx, user.ID)
	}
	return ctx
}
