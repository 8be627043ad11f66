package accounts_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/mail"
)

// scan opens every link of both parts of an email as a scanner of a mailbox does: with HEAD and
// GET, twice, as a browser that knows nobody and follows redirects. It returns the path of the
// first link to the account pages.
func (r *rig) scan(m mail.Message) (first string) {
	r.t.Helper()
	c := r.NewClient(r.handler)
	c.Header.Set("Accept", "text/html")
	_, links := read(r.t, m.HTML)
	for _, address := range append(links, anyURL.FindAllString(m.Text, -1)...) {
		path, ours := strings.CutPrefix(address, "https://www.example.com")
		if !ours {
			continue
		}
		if first == "" && strings.HasPrefix(path, "/accounts/") {
			first = path
		}
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodHead, http.MethodGet} {
			at, got := path, (*coatchecktest.Response)(nil)
			for range 5 {
				if got = c.Do(c.NewRequest(method, at, nil)); got.Location() == "" {
					break
				}
				at = got.Location()
			}
			if got.Status != http.StatusOK {
				r.t.Errorf("%q: %s %s has status %d", m.Subject, method, at, got.Status)
			}
		}
	}
	return first
}

// scanned is an email whose link is used after a scanner was there.
type scanned struct {
	subject string
	to      string                                             // what goes before @example.com
	cause   func(r *rig, c *coatchecktest.Client)              // has the site send it
	use     func(r *rig, c *coatchecktest.Client, path string) // as a person
}

// disown presses the button of a notice: every session ends, the password too, and an email leads
// to another one, which a scanner opens first as well.
func disown(r *rig, c *coatchecktest.Client, path string) {
	r.t.Helper()
	r.want(c, "/me", http.StatusOK)
	r.post(r.NewClient(r.handler), path, map[string]string{})
	r.want(c, "/me", http.StatusForbidden)
	if r.opens("ada", canary) || r.opens("ada", another) {
		r.t.Error("the password still opens the account")
	}
	rescue := r.only(r.deliver(), "ada@example.com", "Choose a new password for your account")
	r.setPassword(r.scan(rescue), "a third one 0453")
	if !r.opens("ada", "a third one 0453") {
		r.t.Error("the link of the rescue sets no password")
	}
}

var scannedEmails = map[string]scanned{
	"new_device": {"New sign-in", "ada", func(r *rig, _ *coatchecktest.Client) { r.login("ada", safari) }, disown},
	"password_changed": {"password on The Shop was changed", "ada", func(r *rig, c *coatchecktest.Client) {
		r.post(c, "/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
	}, disown},
	"email_change_begun": {"is about to change", "ada", changeAddress, disown},
	"email_changed": {"address on The Shop was changed", "ada", func(r *rig, c *coatchecktest.Client) {
		changeAddress(r, c)
		path, _ := link(r.t, r.only(r.deliver(), "new@example.com", "Confirm"))
		r.post(c, path, map[string]string{})
	}, func(r *rig, c *coatchecktest.Client, path string) {
		if got := r.user("ada").Email; got != "new@example.com" {
			r.t.Errorf("before the button the address is %s", got)
		}
		disown(r, c, path)
		if got := r.user("ada").Email; got != "ada@example.com" {
			r.t.Errorf("the address is %s", got)
		}
	}},
	"email_confirm": {"Confirm your new address", "new", changeAddress, func(r *rig, c *coatchecktest.Client, path string) {
		if got := r.user("ada").Email; got != "ada@example.com" {
			r.t.Errorf("a scanner changed the address to %s", got)
		}
		r.post(c, path, map[string]string{})
		if got := r.user("ada").Email; got != "new@example.com" {
			r.t.Errorf("the address is %s", got)
		}
	}},
	"password_reset": {"Password reset", "ada", func(r *rig, _ *coatchecktest.Client) {
		r.post(r.NewClient(r.handler), "/accounts/password_reset/", map[string]string{"email": "ada@example.com"})
	}, func(r *rig, _ *coatchecktest.Client, path string) {
		r.setPassword(path, another)
		if !r.opens("ada", another) {
			r.t.Error("the new password does not open the account")
		}
	}},
	"signup_confirm": {"Confirm your address", "bob", signUp("bob"), func(r *rig, _ *coatchecktest.Client, path string) {
		if r.opens("bob-again", canary) {
			r.t.Error("a scanner made the account")
		}
		r.post(r.NewClient(r.handler), path, map[string]string{})
		r.login("bob-again", safari)
	}},
	"signup_exists": {"You have an account", "ada", signUp("ada"), func(r *rig, _ *coatchecktest.Client, path string) {
		c := r.NewClient(r.handler)
		r.post(c, path, map[string]string{"username": "ada", "password": canary})
		r.want(c, "/me", http.StatusOK)
	}},
	"account_closed": {"is closed", "ada", func(r *rig, c *coatchecktest.Client) {
		r.post(c, "/accounts/close/", map[string]string{"understand": "on", "password": canary})
	}, func(r *rig, _ *coatchecktest.Client, path string) {
		if path != "" {
			r.t.Errorf("it has the link %s", path)
		}
	}},
}

func changeAddress(r *rig, c *coatchecktest.Client) {
	r.post(c, "/accounts/email/", map[string]string{"email": "new@example.com", "password": canary})
}

func signUp(name string) func(*rig, *coatchecktest.Client) {
	return func(r *rig, _ *coatchecktest.Client) {
		r.post(r.NewClient(r.handler), "/accounts/signup/", map[string]string{
			"username": name + "-again", "email": name + "@example.com", "password": canary,
		})
	}
}

// TestLinksAfterAScanner: the link of each email does what it is for, for a person, after a
// scanner opened it, and nothing for the scanner.
func TestLinksAfterAScanner(t *testing.T) {
	for name, email := range scannedEmails {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *coatcheck.Config) { c.Views.SignupVerification = true })
			r.mux.Handle("/{$}", r.Views.Home())
			if _, err := r.Auth.CreateUser(t.Context(), auth.NewUser{
				Username: "ada", Email: "ada@example.com", Password: canary,
			}); err != nil {
				t.Fatal(err)
			}
			c := r.login("ada", firefox)
			email.cause(r, c)
			path := r.scan(r.only(r.deliver(), email.to+"@example.com", email.subject))
			email.use(r, c, path)
		})
	}
}

// TestInvitationAfterAScanner is the same for an invitation.
func TestInvitationAfterAScanner(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Views.SignupInvitation = true })
	r.mux.Handle("/{$}", r.Views.Home())
	if _, err := r.Accounts.Invite(t.Context(), "bob@example.com", "en"); err != nil {
		t.Fatal(err)
	}
	path := r.scan(r.one("bob@example.com", "invited"))
	r.post(r.NewClient(r.handler), path, map[string]string{"username": "bob", "password": canary})
	r.login("bob", safari)
}
