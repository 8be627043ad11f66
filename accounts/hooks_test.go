package accounts_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

// witness is a program that writes a row about each event in its transaction, and notes
// what was committed.
type witness struct {
	t      *testing.T
	rig    *rig
	refuse string   // the point that it refuses
	noted  []string // by After
}

func (w *witness) hook(point string) hooks.List {
	return hooks.List{{
		Before: func(ctx context.Context, e *hooks.Event) error {
			if w.rig == nil { // the site is not made yet
				return nil
			}
			if _, err := w.rig.Database.SQL().ExecContext(ctx, "INSERT INTO witness (point) VALUES ('"+point+"')"); err != nil {
				w.t.Errorf("%s: %v", point, err)
			}
			if point == w.refuse {
				return hooks.Refuse(http.StatusTeapot, "Not on Sundays.")
			}
			return nil
		},
		After: func(_ context.Context, e *hooks.Event) {
			note := point
			if e.User != nil && point != "LoggedOut" && point != "SessionEnded" {
				note += " " + e.User.Email
			}
			if e.OldEmail != "" {
				note += " was " + e.OldEmail
			}
			if e.Request == nil {
				note += " without a request"
			}
			w.noted = append(w.noted, note)
		},
	}}
}

// newWitness returns a site with a hook at every point.
func newWitness(t *testing.T, changes ...func(*coatcheck.Config)) *witness {
	t.Helper()
	w := &witness{t: t}
	r := newRig(t, append(changes, func(c *coatcheck.Config) {
		c.Logins.Hooks = hooks.Hooks{
			SignedUp: w.hook("SignedUp"), Confirmed: w.hook("Confirmed"),
			LoggedIn: w.hook("LoggedIn"), LoggedOut: w.hook("LoggedOut"), LoginFailed: w.hook("LoginFailed"),
			PasswordChanged: w.hook("PasswordChanged"), EmailChanged: w.hook("EmailChanged"),
			SessionEnded: w.hook("SessionEnded"), Closed: w.hook("Closed"),
		}
	})...)
	if _, err := r.Database.SQL().ExecContext(t.Context(), "CREATE TABLE witness (point VARCHAR(40))"); err != nil {
		t.Fatal(err)
	}
	w.rig = r
	return w
}

// rows returns how many rows there are about a point.
func (w *witness) rows(point string) (n int) {
	w.t.Helper()
	row := w.rig.Database.SQL().QueryRowContext(w.t.Context(), "SELECT COUNT(*) FROM witness WHERE point = '"+point+"'")
	if err := row.Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// expect checks what was noted since the last time.
func (w *witness) expect(when string, want ...string) {
	w.t.Helper()
	if !slices.Equal(w.noted, want) {
		w.t.Errorf("%s: %q, want %q", when, w.noted, want)
	}
	w.noted = nil
}

// try posts, refused at the point first and then accepted. A refusal responds with its
// status and sentence, notes nothing, and leaves no row.
func (w *witness) try(c *coatchecktest.Client, point, path string, fields map[string]string, status int, want ...string) {
	w.t.Helper()
	before := w.rows(point)
	w.refuse = point
	got := c.PostJSON(path, fields)
	w.refuse = ""
	if got.Status != http.StatusTeapot || !strings.Contains(got.Body, "Not on Sundays.") {
		w.t.Errorf("%s refused: %d %s", point, got.Status, got.Body)
	}
	if after := w.rows(point); after != before {
		w.t.Errorf("%s refused: %d rows of it stay", point, after-before)
	}
	w.expect(point + " refused")
	if got = c.PostJSON(path, fields); got.Status != status {
		w.t.Errorf("%s: %d %s, want %d", point, got.Status, got.Body, status)
	}
	if after := w.rows(point); after != before+1 {
		w.t.Errorf("%s: %d rows, want %d", point, after, before+1)
	}
	w.expect(point, want...)
}

// TestHooks: what a program does before the commit is committed with the change, what it
// refuses is undone with it and told to the visitor, and After comes once, later.
func TestHooks(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		w := newWitness(t, change)
		r := w.rig
		c := r.NewClient(r.handler)
		ada := map[string]string{"username": "ada", "email": "ada@example.com", "password": canary}
		w.try(c, "SignedUp", "/accounts/signup/", ada, http.StatusCreated, "SignedUp ada@example.com")
		w.try(c, "LoginFailed", "/accounts/login/", map[string]string{"username": "ada", "password": "guess"}, http.StatusUnauthorized, "LoginFailed")
		w.try(c, "LoggedIn", "/accounts/login/", ada, http.StatusOK, "LoggedIn ada@example.com")

		passwords := map[string]string{"old_password": canary, "new_password1": another}
		w.try(c, "PasswordChanged", "/accounts/password_change/", passwords, http.StatusOK, "PasswordChanged ada@example.com")

		other := r.NewClient(r.handler)
		other.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": another})
		w.noted = nil
		w.try(c, "SessionEnded", "/accounts/sessions/end-others/", nil, http.StatusOK, "SessionEnded")
		r.want(other, "/me", http.StatusForbidden)
		r.want(c, "/me", http.StatusOK)

		r.deliver()
		c.PostJSON("/accounts/email/", map[string]string{"email": "new@example.com", "password": another})
		path, _ := link(t, r.only(r.deliver(), "new@example.com", ""))
		w.try(c, "EmailChanged", path, nil, http.StatusOK,
			"EmailChanged new@example.com was ada@example.com", "Confirmed new@example.com was ada@example.com")

		w.try(c, "LoggedOut", "/accounts/logout/", nil, http.StatusOK, "LoggedOut")
		c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": another})
		w.noted = nil
		w.try(c, "Closed", "/accounts/close/", map[string]string{"password": another, "understand": "yes"}, http.StatusOK,
			"Closed new@example.com", "LoggedOut")
	})
}

// TestHooksOfLinks: the doors that are links call them too.
func TestHooksOfLinks(t *testing.T) {
	w := newWitness(t, func(c *coatcheck.Config) { c.Views.SignupVerification = true })
	r := w.rig
	c := r.NewClient(r.handler)
	c.PostJSON("/accounts/signup/", map[string]string{"username": "ada", "email": "ada@example.com", "password": canary})
	w.expect("before the link is opened")
	path, _ := link(t, r.one("ada@example.com", ""))
	w.try(c, "Confirmed", path, nil, http.StatusCreated, "SignedUp ada@example.com", "Confirmed ada@example.com")

	c.PostJSON("/accounts/password_reset/", map[string]string{"email": "ada@example.com"})
	path, _ = link(t, r.one("ada@example.com", ""))
	w.try(c, "PasswordChanged", path, map[string]string{"new_password1": another}, http.StatusOK, "PasswordChanged ada@example.com")

	path, _ = link(t, r.one("ada@example.com", "password"))
	w.try(c, "SessionEnded", path, nil, http.StatusOK, "SessionEnded", "PasswordChanged ada@example.com")
}

// TestHooksOfInvitations: an invitation sent to an address confirms it.
func TestHooksOfInvitations(t *testing.T) {
	w := newWitness(t, func(c *coatcheck.Config) { c.Views.SignupInvitation = true })
	r := w.rig
	address, err := r.Accounts.Invite(t.Context(), "bea@example.com", "en")
	if err != nil {
		t.Fatal(err)
	}
	c := r.NewClient(r.handler)
	path := strings.TrimPrefix(address, "https://www.example.com")
	w.try(c, "SignedUp", path, map[string]string{"username": "bea", "password": canary}, http.StatusCreated,
		"SignedUp bea@example.com", "Confirmed bea@example.com")
}

// TestHooksOfPrograms: a program's own calls are doors too, in its own transaction.
func TestHooksOfPrograms(t *testing.T) {
	w := newWitness(t)
	user, err := w.rig.Auth.CreateUser(t.Context(), auth.NewUser{Username: "ada", Email: "ada@example.com", Password: canary})
	if err != nil {
		t.Fatal(err)
	}
	w.expect("CreateUser", "SignedUp ada@example.com without a request")
	if err := w.rig.Auth.SetPassword(t.Context(), user, another); err != nil {
		t.Fatal(err)
	}
	w.expect("SetPassword", "PasswordChanged ada@example.com without a request")
	w.refuse = "PasswordChanged"
	if err := w.rig.Auth.SetPassword(t.Context(), user, canary); err == nil || !w.rig.opens("ada", another) {
		t.Errorf("a refused SetPassword: %v", err)
	}
	if fmt.Sprint(user.Password.Usable()) != "true" || w.noted != nil {
		t.Errorf("a refused SetPassword: %q", w.noted)
	}
}
