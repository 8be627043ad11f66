package views_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/accounts/signup"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/throttle"
)

// waiting is a store by which everybody has to wait.
type waiting struct {
	throttle.Store
	wait time.Duration
}

func (s waiting) Take(context.Context, string, throttle.Limit) (time.Duration, error) {
	return s.wait, nil
}

// newThrottledSite is newSite with a throttle.
func newThrottledSite(t testing.TB, limits attempts.Config) *site {
	t.Helper()
	made := newSite(t)
	return serve(t, made.db, auth.Config{Users: made.db, Passwords: made.auth.Passwords(), Keys: signing.Keys{Secret: secretKey}, Throttle: limits})
}

// TestTooManyAttempts: the form again with the sentence on top, or JSON; 429 and
// the seconds to wait.
func TestTooManyAttempts(t *testing.T) {
	const sentence = "Too many attempts. Please try again in 3 minutes."
	s := newThrottledSite(t, attempts.Config{Store: waiting{wait: 2*time.Minute + time.Millisecond}})
	s.addUser(t, auth.NewUser{Username: "ada"})
	for _, path := range []string{"/accounts/login/", "/accounts/signup/"} {
		a := s.program(t).json(path, `{"username":"ada","password":"`+canary+`"}`)
		a.wantJSON(t, 429, `{"error":"`+sentence+`"}`)
		b := s.browser(t).form(path, "username", "ada", "password", canary, "next", "/x/")
		page := b.page(t)
		if b.StatusCode != 429 || !strings.Contains(page.alert().text(), sentence) ||
			page.field("username").attr("value") != "ada" || page.field("next").attr("value") != "/x/" {
			t.Errorf("%s: %s\n%s", path, b.Status, b.text)
		}
		for _, got := range []*answer{a, b} {
			if got.Header.Get("Retry-After") != "121" || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") || got.Header["Set-Cookie"] != nil {
				t.Errorf("%s: %v", path, got.Header)
			}
		}
	}
	if n := s.count(t, "auth_user"); n != 1 {
		t.Errorf("%d users", n)
	}
}

// TestGuessesAreCounted: by the page and by JSON together, of users there are and
// of users there are not; and the browser that signed in before goes on.
func TestGuessesAreCounted(t *testing.T) {
	limit := throttle.Limit{Burst: 4, Every: time.Hour}
	s := newThrottledSite(t, attempts.Config{Store: throttle.NewMemory(0), Account: limit, Device: limit})
	s.addUser(t, auth.NewUser{Username: "ada"})
	owner := s.browser(t)
	a := owner.login("ada")
	a.wantRedirect(t, "/accounts/profile/")
	var device *http.Cookie
	for _, c := range a.Cookies() {
		if c.Name == attempts.DeviceCookieName {
			device = c
		}
	}
	if device == nil || a.cookie() == "" {
		t.Fatalf("%v", a.Header)
	}
	if p := s.program(t).login("ada"); len(p.Cookies()) != 2 {
		t.Errorf("JSON: %v", p.Header)
	}
	for _, name := range []string{"ada", "nobody"} {
		b, p := s.browser(t), s.program(t)
		for range 2 {
			if got := b.form("/accounts/login/", "username", name, "password", "wrong"); got.StatusCode != 200 {
				t.Errorf("%s: %s", name, got.Status)
			}
			p.form("/accounts/login/", "username", name, "password", "wrong").wantJSON(t, 401, `{"error":"Invalid credentials"}`)
		}
		got := p.login(name)
		if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); got.StatusCode != 429 || err != nil || seconds < 3000 || seconds > 3600 {
			t.Errorf("%s: %s %v", name, got.Status, got.Header)
		}
	}
	owner.login("ada").wantRedirect(t, "/accounts/profile/")
}

// TestSignupsAreCounted: per address, and per email address whatever its case.
func TestSignupsAreCounted(t *testing.T) {
	s := newThrottledSite(t, attempts.Config{
		Store: throttle.NewMemory(0), Account: throttle.Limit{Burst: 2, Every: time.Hour}, Address: throttle.Limit{Burst: 5, Every: time.Hour},
	})
	p := s.program(t)
	for i, want := range []int{201, 201, 429, 429} { // two of which the address gets back
		got := p.form(signup.URL, "username", "ada"+strconv.Itoa(i), "password", canary, "email", []string{"ada@example.com", "ADA@EXAMPLE.com"}[i%2])
		if got.StatusCode != want {
			t.Errorf("%d: %s %s", i, got.Status, got.text)
		}
	}
	for i, want := range []int{400, 409, 201, 429} {
		got := p.form(signup.URL, "username", []string{"", "ada0", "bea", "cora"}[i], "password", canary)
		if got.StatusCode != want {
			t.Errorf("%d: %s %s", i, got.Status, got.text)
		}
	}
}
