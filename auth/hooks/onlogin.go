package hooks

import "context"

type onLoginKey struct{}

// OnLogin returns a context of a request in which auth.Service.Login calls f once
// somebody is signed in, before last_login is stored and the hooks are called. With it the
// CSRF middleware changes its secret at each login (Django: rotate_token). A later one
// comes after those before.
func OnLogin(ctx context.Context, f func()) context.Context {
	if before, ok := ctx.Value(onLoginKey{}).(func()); ok {
		own := f
		f = func() { before(); own() }
	}
	return context.WithValue(ctx, onLoginKey{}, f)
}

// Login calls what OnLogin put into the context. It is for auth.
func Login(ctx context.Context) {
	if f, ok := ctx.Value(onLoginKey{}).(func()); ok {
		f()
	}
}
