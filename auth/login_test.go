package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestLoginStoresDjangosKeys: the three, in Django's order, and nothing else.
func TestLoginStoresDjangosKeys(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	start := time.Now().Add(-time.Second)
	var during *auth.User
	b.must(func(req *http.Request) (err error) {
		user, err := r.Authenticate(req.Context(), auth.Credentials{Username: "ada", Password: "secret"})
		if err == nil {
			err = r.Login(req, user)
		}
		if err != nil {
			return err
		}
		during, err = auth.UserFromContext(req.Context())
		return err
	})
	want := fmt.Sprintf(`{"_auth_user_id":"%s","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"%s"}`,
		ada.ID, r.SessionAuthHash(ada))
	if got := b.session(); got != want {
		t.Errorf("the session holds %s\nwant %s", got, want)
	}
	if len(r.SessionAuthHash(ada)) != 64 {
		t.Error("the hash has not 64 digits")
	}
	if during.ID != ada.ID || b.who().ID != ada.ID {
		t.Error("the user is not signed in")
	}
	stored, err := r.db.UserByID(t.Context(), ada.ID)
	if err != nil || stored.LastLogin.Before(start) || stored.LastLogin.After(time.Now()) {
		t.Errorf("last login %v, %v", stored.LastLogin, err)
	}
}

// TestLoginFromAnonymous: the key changes and the data stays.
func TestLoginFromAnonymous(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.must(set("cart", []int{1, 2}))
	before := b.key()
	b.login(ada.ID)
	after := b.key()
	if before == "" || after == before {
		t.Errorf("key %q before, %q after", before, after)
	}
	all := r.store.Sessions()
	if _, ok := all[before]; ok || len(all) != 1 {
		t.Error("the old session is still there")
	}
	if !strings.HasPrefix(all[after], `{"cart":[1,2],"_auth_user_id":"`) {
		t.Errorf("after: %s", all[after])
	}
}

// TestLoginNeverTakesAClientsKey: session fixation.
func TestLoginNeverTakesAClientsKey(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	mallory := r.browser()
	mallory.must(set("x", 1))
	for name, key := range map[string]string{
		"made up": someKey, "short": "short", "of a real anonymous session": mallory.key(),
	} {
		b := r.browser()
		b.setKey(key)
		b.login(ada.ID)
		if b.key() == key || b.key() == "" {
			t.Errorf("%s: the key is %q", name, b.key())
		}
		thief := r.browser()
		thief.setKey(key)
		if thief.who().IsAuthenticated() {
			t.Errorf("%s: who knows the old key is signed in", name)
		}
	}
}

// TestLoginAgain: the same user with the same password keeps the session.
func TestLoginAgain(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	b.must(set("cart", 1))
	key := b.key()
	b.login(ada.ID)
	if b.key() != key || !strings.Contains(b.session(), `"cart":1`) {
		t.Errorf("key kept: %v, session %s", b.key() == key, b.session())
	}
}

// TestLoginEmptiesTheSession of anybody else.
func TestLoginEmptiesTheSession(t *testing.T) {
	r := newRig(t)
	ada, bob := r.user("ada"), r.user("bob")
	for name, tt := range map[string]struct {
		before func(b *browser)
		login  string
	}{
		"another user": {func(*browser) {}, bob.ID},
		"another user with the same hash": {func(*browser) {
			if err := r.db.SetPassword(t.Context(), bob.ID, r.stored(ada.ID)); err != nil {
				t.Error(err)
			}
		}, bob.ID},
		"changed password": {func(*browser) { r.setHash(ada.ID, 1) }, ada.ID},
		"no hash": {func(b *browser) {
			r.store.Put(b.key(), `{"cart":1,"_auth_user_id":"`+ada.ID+`","_auth_user_backend":"`+auth.ModelBackendName+`"}`)
		}, ada.ID},
		"an id that is a list": {func(b *browser) { r.store.Put(b.key(), `{"cart":1,"_auth_user_id":[1]}`) }, ada.ID},
		"an empty id":          {func(b *browser) { r.store.Put(b.key(), `{"cart":1,"_auth_user_id":""}`) }, ada.ID},
		"a negative id":        {func(b *browser) { r.store.Put(b.key(), `{"cart":1,"_auth_user_id":-1}`) }, ada.ID},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			b.login(ada.ID)
			b.must(set("cart", 1))
			key := b.key()
			tt.before(b)
			b.login(tt.login)
			if b.key() == key || strings.Contains(b.session(), "cart") {
				t.Errorf("key changed: %v, session %s", b.key() != key, b.session())
			}
			if _, ok := r.store.Sessions()[key]; ok {
				t.Error("the old session is still there")
			}
			if b.who().ID != tt.login {
				t.Error("the user is not signed in")
			}
		})
	}
}

func TestLoginWithSeveralBackends(t *testing.T) {
	var asked []string
	r := newRig(t, func(c *auth.Config) {
		c.Backends = []auth.Backend{
			answer{name: "first", err: auth.ErrInvalidCredentials, asked: &asked},
			&auth.ModelBackend{Users: c.Users, Passwords: c.Passwords},
		}
	})
	ada, b := r.user("ada"), r.browser()
	_, err := b.visit(func(req *http.Request) error { return r.Login(req, ada) })
	if !errors.Is(err, auth.ErrBackendUnknown) || len(r.store.Sessions()) != 0 {
		t.Errorf("without a backend: %v", err)
	}
	user, err := r.authenticate("ada", "secret")
	if err != nil {
		t.Fatal(err)
	}
	b.must(func(req *http.Request) error { return r.Login(req, user) })
	if b.who().Backend != auth.ModelBackendName {
		t.Errorf("%+v", b.who())
	}
	_, err = b.visit(func(req *http.Request) error { return r.Login(req, auth.AnonymousUser()) })
	if err == nil || b.who().ID != ada.ID {
		t.Errorf("an anonymous user was signed in: %v", err)
	}
}

// TestLoginHooks are called in order, with the user signed in.
func TestLoginHooks(t *testing.T) {
	var calls []string
	r := newRig(t, func(c *auth.Config) {
		for _, name := range []string{"a", "b"} {
			c.Hooks.LoggedIn = append(c.Hooks.LoggedIn, hooks.Hook{Before: func(ctx context.Context, e *hooks.Event) error {
				current, err := auth.UserFromContext(ctx)
				calls = append(calls, fmt.Sprintf("%s %v %v %v %v", name, e.User, current, err, e.User.LastLogin.IsZero()))
				return nil
			}})
		}
	})
	ada := r.user("ada")
	r.browser().login(ada.ID)
	if got := strings.Join(calls, " "); got != "a ada ada <nil> false b ada ada <nil> false" {
		t.Errorf("%q", got)
	}
}

// TestLoginThatFails leaves nobody signed in, whatever the handler responds.
func TestLoginThatFails(t *testing.T) {
	var refuse error
	r := newRig(t, func(c *auth.Config) {
		c.Hooks.LoggedIn = hooks.List{{Before: func(context.Context, *hooks.Event) error { return refuse }}}
	})
	ada, bob := r.user("ada"), r.user("bob")
	errRefused := errors.New("not on Sundays")
	for name, fail := range map[string]func(failing bool){
		"a hook": func(failing bool) {
			if refuse = nil; failing {
				refuse = errRefused
			}
		},
		"the database": func(failing bool) {
			if r.users.failWith(nil); failing {
				r.users.failWith(errOutage)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			b.must(set("cart", 1))
			tryLogin := func(user *auth.User) {
				t.Helper()
				fail(true)
				defer fail(false)
				b.must(func(req *http.Request) error { // and responds with 200
					if err := r.Login(req, user); err == nil {
						t.Error("no error")
					}
					if current, err := auth.UserFromContext(req.Context()); err == nil && current.ID == user.ID && user != bob {
						t.Errorf("%s is signed in during the request", current)
					}
					return nil
				})
			}
			tryLogin(ada)
			if who := b.who(); who.IsAuthenticated() || strings.Contains(b.session(), "_auth_user") {
				t.Errorf("%s is signed in: %s", who, b.session())
			}
			if !strings.Contains(b.session(), `"cart":1`) {
				t.Errorf("the visitor's data is gone: %s", b.session())
			}
			b.login(bob.ID)
			tryLogin(bob)
			if b.who().ID != bob.ID {
				t.Error("logging in again failed, and that signed the user out")
			}
		})
	}
}

func TestLoginNeedsTheMiddleware(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for name, call := range map[string]func(*http.Request) error{
		"login":  func(req *http.Request) error { return r.Login(req, ada) },
		"logout": r.Logout,
		"update": func(req *http.Request) error { return r.UpdateSessionAuthHash(req, ada) },
		"user":   func(req *http.Request) error { _, err := auth.UserFromContext(req.Context()); return err },
	} {
		if err := call(req); !errors.Is(err, auth.ErrNoAuthentication) || !strings.Contains(err.Error(), "middleware.Authentication") {
			t.Errorf("%s: %v", name, err)
		}
		half := req.WithContext(r.NewContext(req.Context(), nil))
		if err := call(half); !errors.Is(err, sessions.ErrNoSession) || !strings.Contains(err.Error(), "middleware.Sessions") {
			t.Errorf("%s without sessions: %v", name, err)
		}
	}
}

// TestLoginOutages: no fault of the session store signs anybody in, or out.
func TestLoginOutages(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.must(set("cart", 1))
	key := b.key()
	response, err := b.visit(func(req *http.Request) error {
		r.store.FailWith(errOutage)
		return r.Login(req, ada)
	})
	r.store.FailWith(nil)
	if !errors.Is(err, errOutage) || response.StatusCode != http.StatusServiceUnavailable || response.Header["Set-Cookie"] != nil {
		t.Errorf("%v, %d, %v", err, response.StatusCode, response.Header)
	}
	if b.key() != key || b.who().IsAuthenticated() {
		t.Error("the session is not as it was")
	}
}
