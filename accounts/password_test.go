package accounts_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

func (r *rig) user(name string) *auth.User {
	r.t.Helper()
	user, err := r.Auth.UserByUsername(r.t.Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return user
}

// request is a request for what takes one; nobody is signed in.
func (r *rig) request() *http.Request {
	return r.NewClient(r.handler).NewRequest(http.MethodPost, "/", nil)
}

func (r *rig) opens(name, password string) bool {
	r.t.Helper()
	_, err := r.Auth.Authenticate(r.t.Context(), auth.Credentials{Username: name, Password: password})
	if err != nil && !errors.Is(err, auth.ErrInvalidCredentials) {
		r.t.Fatal(err)
	}
	return err == nil
}

func TestReset(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	c := r.login("ada", firefox)
	if err := r.Accounts.RequestReset(t.Context(), "ADA@example.com", "en"); err != nil {
		t.Fatal(err)
	}
	m := r.one("ada@example.com", "Password reset on The Shop")
	path, token := link(t, m)
	user := r.user("ada")
	if path != accounts.ResetPath+resettoken.EncodeUID(user.ID)+"/"+token+"/" || !r.Auth.CheckResetToken(user, token) {
		t.Errorf("the link is %s", path)
	}
	if !strings.Contains(m.Text, "3 days") || !strings.Contains(m.Text, "Hello ada,") {
		t.Errorf("the mail: %s", m.Text)
	}
	if err := r.Accounts.ResetPassword(r.request(), user, another); err != nil {
		t.Fatal(err)
	}
	if r.opens("ada", canary) || !r.opens("ada", another) || r.Auth.CheckResetToken(r.user("ada"), token) {
		t.Error("the password was not changed, or the link is still good")
	}
	r.want(c, "/me", http.StatusForbidden)
	if r.indexed() != 0 {
		t.Error("the old sessions are still in the index")
	}
	r.one("ada@example.com", "Your password on The Shop was changed")
}

// An email goes to active users with a password, at the address that is stored.
func TestResetGoesToTheStoredAddress(t *testing.T) {
	r := newRig(t)
	add := func(n auth.NewUser) {
		t.Helper()
		if _, err := r.Auth.CreateUser(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	add(auth.NewUser{Username: "a", Email: "Mike@example.org", Password: canary})
	add(auth.NewUser{Username: "b", Email: "mike@example.org", Password: canary})
	add(auth.NewUser{Username: "c", Email: "mike@example.org", Password: canary, Inactive: true})
	add(auth.NewUser{Username: "d", Email: "mike@example.org"})
	add(auth.NewUser{Username: "e", Email: "mıke@example.org", Password: canary})
	for typed, want := range map[string][]string{
		"mike@example.org": {"Mike@example.org", "mike@example.org"},
		"MIKE@EXAMPLE.ORG": {"Mike@example.org", "mike@example.org"},
		"mıke@example.org": {"mıke@example.org"}, // the letter has no dot
		"m%ke@example.org": nil,
		"nobody@ex.org":    nil,
		"":                 nil,
	} {
		if err := r.Accounts.RequestReset(t.Context(), typed, ""); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range r.deliver() {
			got = append(got, m.To)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

// Of many who use one link at once, one succeeds, and no password that was set is
// lost.
func TestResetOnce(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		token := r.Auth.MakeResetToken(r.user("ada"))
		q := r.request()
		var checked sync.WaitGroup
		checked.Add(64)
		good := together(64, func() error {
			user, err := r.Auth.UserByUsername(t.Context(), "ada")
			valid := err == nil && r.Auth.CheckResetToken(user, token)
			checked.Done()
			checked.Wait() // all have found the link good before one uses it
			if !valid {
				t.Errorf("the link is not good: %v", err)
				return accounts.ErrLink
			}
			err = r.Accounts.ResetPassword(q, user, another)
			if err != nil && !errors.Is(err, accounts.ErrLink) {
				t.Error(err)
			}
			return err
		})
		if good != 1 || !r.opens("ada", another) {
			t.Errorf("%d of 64 succeeded", good)
		}
	})
}

func TestChangePasswordRace(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		stale := r.user("ada")
		if err := r.Auth.ReplacePassword(t.Context(), r.user("ada"), another); err != nil {
			t.Fatal(err)
		}
		if err := r.Accounts.ChangePassword(r.request(), stale, "a-third-one-0453"); !errors.Is(err, auth.ErrPasswordChanged) {
			t.Errorf("with a stale user: %v", err)
		}
		if !r.opens("ada", another) {
			t.Error("the password of the other request is lost")
		}
	})
}

func TestCloseAccount(t *testing.T) {
	for _, deletes := range []bool{false, true} {
		r := newRig(t, func(c *coatcheck.Config) { c.Accounts.DeleteClosed = deletes })
		r.CreateUser("ada", canary)
		r.do("/close", r.Accounts.CloseAccount)
		desk, phone := r.login("ada", firefox), r.login("ada", safari)
		notice, _ := link(t, r.one("ada@example.com", "New sign-in"))
		r.want(r.NewClient(r.handler), notice, http.StatusOK)
		r.want(desk, "/close", http.StatusOK)
		r.want(r.NewClient(r.handler), notice, http.StatusGone)
		r.want(desk, "/me", http.StatusForbidden)
		r.want(phone, "/me", http.StatusForbidden)
		if r.opens("ada", canary) {
			t.Error("the account opens")
		}
		user, err := r.Database.UserByUsername(t.Context(), "ada")
		switch {
		case deletes && !errors.Is(err, database.ErrNotFound):
			t.Errorf("the row is there: %v", err)
		case !deletes && (err != nil || user.IsActive || user.Password.Usable() || user.Email != ""):
			t.Errorf("the row: %+v, %v", user, err)
		}
		r.one("ada@example.com", "Your account on The Shop is closed")
	}
}
