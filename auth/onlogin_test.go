package auth_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
)

// TestOnLogin: both are called, in their order, at every login of the request
// and nothing else, when the user is there and before the hooks.
func TestOnLogin(t *testing.T) {
	var calls []string
	r := newRig(t, func(c *auth.Config) {
		c.Hooks.LoggedIn = hooks.List{{Before: func(context.Context, *hooks.Event) error {
			calls = append(calls, "hook")
			return nil
		}}}
	})
	ada := r.user("ada")
	r.browser().must(func(req *http.Request) error {
		ctx := hooks.OnLogin(req.Context(), func() {
			user, err := auth.UserFromContext(req.Context())
			if err != nil || user.ID != ada.ID {
				t.Errorf("the user is %v, %v", user, err)
			}
			calls = append(calls, "first")
		})
		req = req.WithContext(hooks.OnLogin(ctx, func() { calls = append(calls, "second") }))
		for range 2 { // the second time as the same user
			if err := r.Login(req, ada); err != nil {
				return err
			}
		}
		if err := r.Login(req, auth.AnonymousUser()); err == nil {
			return errors.New("an anonymous user was signed in")
		}
		return r.Logout(req)
	})
	once := []string{"first", "second", "hook"}
	if want := slices.Concat(once, once); !slices.Equal(calls, want) {
		t.Errorf("%v, want %v", calls, want)
	}
}
