package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/sessions"
)

const deletedCookie = `sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`

func TestLogout(t *testing.T) {
	var calls []string
	r := newRig(t, func(c *auth.Config) {
		look := func(when string, e *hooks.Event) {
			s, _ := sessions.FromContext(e.Request.Context())
			_, there, _ := s.Get(e.Request.Context(), "cart")
			calls = append(calls, fmt.Sprintf("%s: %v with its session: %v", when, e.User, there))
		}
		c.Hooks.LoggedOut = hooks.List{{
			Before: func(_ context.Context, e *hooks.Event) error { look("before", e); return nil },
			After:  func(_ context.Context, e *hooks.Event) { look("after", e) },
		}}
	})
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	b.must(set("cart", 1))
	key := b.key()
	response := b.must(func(req *http.Request) error {
		if err := r.Logout(req); err != nil {
			return err
		}
		user, err := auth.UserFromContext(req.Context())
		if err == nil && user.IsAuthenticated() {
			t.Error("still signed in during the request")
		}
		return err
	})
	if got := response.Header["Set-Cookie"]; !slices.Equal(got, []string{deletedCookie}) || b.key() != "" {
		t.Errorf("Set-Cookie %q, the browser has %q", got, b.key())
	}
	if n := len(r.store.Sessions()); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	b.setKey(key)
	if b.who().IsAuthenticated() {
		t.Error("the old key is still good")
	}

	visitor := r.browser()
	visitor.must(set("cart", 1))
	visitor.must(r.Logout)
	if visitor.key() != "" || len(r.store.Sessions()) != 0 {
		t.Error("the visitor's session is still there")
	}
	r.browser().must(r.Logout)
	want := []string{
		"before: ada with its session: true", "after: ada with its session: false",
		"before: AnonymousUser with its session: true", "after: AnonymousUser with its session: false",
		"before: AnonymousUser with its session: false", "after: AnonymousUser with its session: false",
	}
	if !slices.Equal(calls, want) {
		t.Errorf("hooks: %q", calls)
	}
}

// TestLogoutOutage: the session is as it was, and so is the cookie.
func TestLogoutOutage(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	key, before := b.key(), b.session()
	for name, fail := range map[string]func(error){"store": r.store.FailWith, "database": r.users.failWith} {
		fail(errOutage)
		response, err := b.visit(r.Logout)
		fail(nil)
		if !errors.Is(err, errOutage) || response.StatusCode != http.StatusServiceUnavailable || response.Header["Set-Cookie"] != nil {
			t.Errorf("%s: %v, %d, %v", name, err, response.StatusCode, response.Header)
		}
		if b.key() != key || b.session() != before || !b.who().IsAuthenticated() {
			t.Errorf("%s: the session is not as it was", name)
		}
	}
}

// TestPasswordChange: the session in which it happens goes on under another key,
// all others of the user end.
func TestPasswordChange(t *testing.T) {
	r := newRig(t)
	ada, bob := r.user("ada"), r.user("bob")
	here, there, other := r.browser(), r.browser(), r.browser()
	here.login(ada.ID)
	there.login(ada.ID)
	other.login(bob.ID)
	here.must(set("cart", 1))
	key := here.key()
	here.must(func(req *http.Request) error {
		user, err := auth.UserFromContext(req.Context())
		if err == nil {
			err = r.SetPassword(req.Context(), user, "changed")
		}
		if err != nil {
			return err
		}
		return r.UpdateSessionAuthHash(req, user)
	})
	if here.key() == key || here.who().ID != ada.ID || !strings.Contains(here.session(), `"cart":1`) {
		t.Errorf("here: key changed: %v, user %v, session %s", here.key() != key, here.who(), here.session())
	}
	if there.who().IsAuthenticated() || there.key() != "" {
		t.Error("there: still signed in")
	}
	if other.who().ID != bob.ID {
		t.Error("another user was signed out")
	}
	thief := r.browser()
	thief.setKey(key)
	if thief.who().IsAuthenticated() {
		t.Error("the key from before is still good")
	}
	if n := len(r.store.Sessions()); n != 2 {
		t.Errorf("%d sessions are left, want 2", n)
	}
}

// TestPasswordChangeByAnother: an administrator stays who they are.
func TestPasswordChangeByAnother(t *testing.T) {
	r := newRig(t)
	ada, root, b := r.user("ada"), r.user("root"), r.browser()
	b.login(root.ID)
	key := b.key()
	b.must(func(req *http.Request) error {
		if err := r.SetPassword(req.Context(), ada, "changed"); err != nil {
			return err
		}
		return r.UpdateSessionAuthHash(req, ada)
	})
	if b.key() == key || b.who().ID != root.ID {
		t.Errorf("key changed: %v, user %v", b.key() != key, b.who())
	}
}
