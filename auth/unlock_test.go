package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/throttle"
)

// TestUnlock: all budgets that guesses at the user are taken from, and no others.
func TestUnlock(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *auth.Config){
		"sqlite":      func(*testing.T, *auth.Config) {},
		"mysql":       func(t *testing.T, c *auth.Config) { c.Users = openMariaDB(t) },
		"own backend": func(_ *testing.T, c *auth.Config) { mailBackends(c) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, limited(throttle.NewMemory(0)), func(c *auth.Config) { change(t, c) })
			anna := auth.NewUser{Username: "anna", Email: "anna@example.com", Password: "secret"}
			user, err := r.CreateUser(t.Context(), anna)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"anna@example.com", "anna", "berta"} { // the address first: it may count for both
				for range hourly.Burst {
					r.guessFrom("192.0.2.1", name, "wrong")
				}
			}
			wants(t, r.guessFrom("192.0.2.4", "anna", "secret"), attempts.ErrThrottled)
			if err := r.Unlock(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			wants(t, r.guessFrom("192.0.2.4", "berta", "wrong"), attempts.ErrThrottled)
			wants(t, r.guessFrom("192.0.2.4", "anna", "secret"), nil)
			if name == "own backend" {
				wants(t, r.guessFrom("192.0.2.4", "anna@example.com", "wrong"), auth.ErrInvalidCredentials)
			}
		})
	}
}

// TestUnlockAddress: guesses from there, and what else the account pages and the
// program count by the address.
func TestUnlockAddress(t *testing.T) {
	once := throttle.Limit{Burst: 1, Every: hourly.Every}
	r := newRig(t, func(c *auth.Config) {
		c.Throttle = attempts.Config{Store: throttle.NewMemory(0), Account: hourly, Device: hourly, Address: once}
	})
	request := httptest.NewRequest(http.MethodPost, "/", nil)
	request.RemoteAddr = "[2001:db8::1]:1234"
	kinds := []string{attempts.KindSignup, attempts.KindReset, attempts.KindEmail, "invitation"}
	all := func(want error) {
		t.Helper()
		for _, kind := range kinds {
			wants(t, r.Allow(request, kind, ""), want)
		}
	}
	all(nil)
	wants(t, r.guessFrom("[2001:db8::1]", "nobody", "wrong"), auth.ErrInvalidCredentials)
	wants(t, r.guessFrom("192.0.2.1", "nobody", "wrong"), auth.ErrInvalidCredentials)
	all(attempts.ErrThrottled)
	wants(t, r.guessFrom("[2001:db8::1]", "nobody", "wrong"), attempts.ErrThrottled)
	if err := r.UnlockAddress(t.Context(), netip.MustParseAddr("2001:db8::ffff"), "invitation"); err != nil {
		t.Fatal(err)
	}
	all(nil)
	wants(t, r.guessFrom("[2001:db8::1]", "nobody", "wrong"), auth.ErrInvalidCredentials)
	wants(t, r.guessFrom("192.0.2.1", "nobody", "wrong"), attempts.ErrThrottled)

	if r.UnlockAddress(t.Context(), netip.Addr{}) == nil ||
		r.UnlockAddress(t.Context(), netip.MustParseAddr("::1"), "a:b") == nil {
		t.Error("an address that is none, or a kind with a colon")
	}
}

// TestUnlockWithoutThrottling does nothing, and a store that fails is an error.
func TestUnlockWithoutThrottling(t *testing.T) {
	for name, test := range map[string]struct {
		store throttle.Store
		want  error
	}{"off": {}, "failing": {brokenStore{}, errStore}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, limited(test.store))
			wants(t, r.Unlock(t.Context(), &auth.User{Username: "anna"}), test.want)
			wants(t, r.UnlockAddress(t.Context(), netip.MustParseAddr("192.0.2.1")), test.want)
		})
	}
}
