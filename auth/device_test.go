package auth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/throttle"
)

// deviceCookie is what a browser with these cookies gets when the user signs in.
func deviceCookie(t *testing.T, s *auth.Service, user *auth.User, cookies ...*http.Cookie) *http.Cookie {
	t.Helper()
	w, r := httptest.NewRecorder(), withCookies(cookies...)
	if err := s.SetDeviceCookie(w, r, user); err != nil {
		t.Fatal(err)
	}
	set := w.Result().Cookies()
	if len(set) != 1 {
		t.Fatalf("%d cookies", len(set))
	}
	return set[0]
}

func withCookies(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// TestOwnerIsNotLockedOut: unknown clients use up the account's budget and the address's,
// and the owner gets in by the browser that the account knows.
func TestOwnerIsNotLockedOut(t *testing.T) {
	r := newRig(t, limited(throttle.NewMemory(0)))
	anna, berta := r.user("anna"), r.user("berta")
	device := deviceCookie(t, r.Service, anna)
	foreign := deviceCookie(t, r.Service, berta)
	for i := range 21 {
		r.guessFrom("192.0.2.1", []string{"anna", "someone", "no one", "nobody", "any one"}[i/5%5], "wrong")
	}
	wants(t, r.guessFrom("192.0.2.1", "someone else", "wrong"), attempts.ErrThrottled)
	wants(t, r.guessFrom("192.0.2.2", "anna", "secret"), attempts.ErrThrottled)
	wants(t, r.guessFrom("192.0.2.2", "anna", "secret", foreign), attempts.ErrThrottled)
	wants(t, r.guessFrom("192.0.2.2", "anna", "secret", &http.Cookie{Name: device.Name, Value: device.Value[:63] + "AA"}), attempts.ErrThrottled)
	for range 4 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "wrong", device), auth.ErrInvalidCredentials)
	}
	wants(t, r.guessFrom("192.0.2.1", "anna", "secret", device), nil) // which restores the device's budget
	for range 5 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "wrong", device), auth.ErrInvalidCredentials)
	}
	wants(t, r.guessFrom("192.0.2.1", "anna", "secret", device), attempts.ErrThrottled)
	wants(t, r.guessFrom("192.0.2.2", "anna", "secret", deviceCookie(t, r.Service, anna)), nil) // another one of hers
}

func TestDeviceCookie(t *testing.T) {
	store := throttle.NewMemory(0)
	r := newRig(t, limited(store))
	anna := r.user("anna")
	c := deviceCookie(t, r.Service, anna)
	if c.Name != "coatcheck_device" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 365*86400 || c.Domain != "" {
		t.Errorf("%v", c)
	}
	if strings.Contains(c.Value, anna.ID+":") || len(c.Value) != 64 {
		t.Errorf("%s", c.Value)
	}
	known := func(s *auth.Service, c *http.Cookie, user *auth.User, want bool) {
		t.Helper()
		if got := s.KnownDevice(withCookies(c), user); got != want {
			t.Errorf("the device is known: %v", got)
		}
	}
	known(r.Service, c, anna, true)
	known(r.Service, &http.Cookie{Name: "other", Value: c.Value}, anna, false)
	known(r.Service, c, auth.AnonymousUser(), false)

	if again := deviceCookie(t, r.Service, anna, c); again.Value != c.Value {
		t.Error("a second login made another device of the browser")
	}
	if other := deviceCookie(t, r.Service, anna); other.Value == c.Value {
		t.Error("two browsers are one device")
	}

	// A new secret key with the old one as a fallback, and without.
	rotated, err := auth.New(auth.Config{
		Users:    r.users,
		Keys:     signing.Keys{Secret: "another " + secretKey, Fallbacks: []string{secretKey}},
		Throttle: attempts.Config{Store: store, CookieSecure: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	known(rotated, c, anna, true)
	renewed := deviceCookie(t, rotated, anna, c)
	known(r.Service, renewed, anna, false)
	if renewed.Value[:20] != c.Value[:20] || !renewed.Secure {
		t.Errorf("the device changed: %v", renewed)
	}

	// Five accounts, of which the one that signed in last comes first.
	all := c
	var others []*auth.User
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		others = append(others, r.user(name))
		all = deviceCookie(t, r.Service, others[len(others)-1], all)
		if name == "e" {
			known(r.Service, all, anna, true)
		}
	}
	known(r.Service, all, anna, false)
	for _, u := range others {
		known(r.Service, all, u, true)
	}

	// A new password forgets every device.
	if err := r.SetPassword(t.Context(), anna, "another secret"); err != nil {
		t.Fatal(err)
	}
	known(r.Service, c, anna, false)
}

// TestNoDeviceCookie: without throttling no browser gets one.
func TestNoDeviceCookie(t *testing.T) {
	r := newRig(t)
	w := httptest.NewRecorder()
	if err := r.SetDeviceCookie(w, withCookies(), r.user("anna")); err != nil || len(w.Header()) > 0 {
		t.Errorf("%v, %v", err, w.Header())
	}
	wants(t, r.Allow(withCookies(), "signup", "x"), nil)
}
