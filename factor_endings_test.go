package coatcheck_test

import (
	"context"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/mail"
)

// mailbox keeps the emails of a site.
type mailbox struct {
	mu   sync.Mutex // guards what follows
	sent []mail.Message
}

func (m *mailbox) Send(_ context.Context, one mail.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, one)
	return nil
}

// link delivers the emails and returns the last link that the pattern finds.
func (m *mailbox) link(t *testing.T, site *coatchecktest.Site, pattern string) (path string) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = site.Accounts.SendNext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.sent {
		if found := regexp.MustCompile(pattern).FindString(one.Text); found != "" {
			path = found
		}
	}
	if path == "" {
		t.Fatalf("no email has %s", pattern)
	}
	return path
}

// owned is a user with a passkey, an app and a trusted device, at which they have just signed in.
type owned struct {
	*prover
	site *coatchecktest.Site
	user *auth.User
	box  *mailbox
}

func newOwned(t *testing.T) *owned {
	t.Helper()
	box := &mailbox{}
	site := coatchecktest.NewSite(t, withPasskeys, func(c *coatcheck.Config) {
		c.Accounts.Mail, c.Site.BaseURL = box, "http://testserver"
		c.Logins.TwoFactor.TrustDevices = 30 * 24 * time.Hour
	})
	user := site.CreateUser("ada", factorPassword)
	user.Email = "ada@example.com"
	if err := site.Database.UpdateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	o := &owned{newProver(t, site, user), site, user, box}
	o.addKey()
	app, _ := addApp(t, o.Client)
	o.PostJSON("/accounts/logout/", nil)
	if got := o.login(factorPassword); got != http.StatusForbidden {
		t.Fatalf("the login asks for no code: %d", got)
	}
	o.wants(o.PostJSON("/accounts/login/code/", map[string]any{"code": app.at(30 * time.Second), "trust": true}), http.StatusOK, "Login successful")
	o.PostJSON("/accounts/logout/", nil)
	if got := o.login(factorPassword); got != http.StatusOK {
		t.Fatalf("the device is not trusted: %d", got)
	}
	return o
}

func (o *owned) login(password string) int {
	return o.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": password}).Status
}

// left is what is left of it all after an ending.
type left struct {
	Passkeys int
	App      bool
	Recent   bool // the session is there, with its recent proof
	Trusted  bool // the login asks for no code
}

func (o *owned) left(password string) (l left) {
	o.t.Helper()
	ctx := o.t.Context()
	keys, err := o.site.Accounts.Passkeys(ctx, o.user)
	if err != nil {
		o.t.Fatal(err)
	}
	state, err := o.site.TwoFactor.State(ctx, o.user)
	if err != nil {
		o.t.Fatal(err)
	}
	l.Passkeys, l.App = len(keys), state.Has()
	l.Recent = o.as("application/json").Get("/accounts/passkeys/add/").Status == http.StatusOK
	if password != "" {
		o.PostJSON("/accounts/logout/", nil)
		l.Trusted = o.login(password) == http.StatusOK
	}
	return l
}

// TestEndingsOfFactors: what ends an account, or somebody's hold on it, ends recent proofs and trusted
// devices. The app stays unless the account is closed or an operator removes it, since a mailbox is
// one factor and must not remove the other.
func TestEndingsOfFactors(t *testing.T) {
	const next = "another horse"
	for name, tt := range map[string]struct {
		end  func(t *testing.T, o *owned) (password string)
		want left
	}{
		"nothing": {func(*testing.T, *owned) string { return factorPassword }, left{Passkeys: 1, App: true, Recent: true, Trusted: true}},
		"this wasn't me": {func(t *testing.T, o *owned) string {
			link := o.box.link(t, o.site, `/accounts/not-me/[^/\s]+/`)
			visitor := o.site.NewClient(o.site.Handler(o.site.Views))
			o.wants(visitor.PostJSON(link, map[string]string{}), http.StatusOK, "")
			reset := o.box.link(t, o.site, `/accounts/reset/[^/\s]+/[^/\s]+/`)
			o.wants(visitor.PostJSON(reset, map[string]string{"new_password1": next}), http.StatusOK, "")
			return next
		}, left{App: true}},
		"closing": {func(t *testing.T, o *owned) string {
			o.wants(o.PostJSON("/accounts/close/", map[string]any{"password": factorPassword, "understand": true}), http.StatusOK, "closed")
			return ""
		}, left{}},
		"deactivate, and activate": {func(t *testing.T, o *owned) string {
			if _, err := o.site.Accounts.Deactivate(t.Context(), o.user, nil); err != nil {
				t.Fatal(err)
			}
			user, err := o.site.Database.UserByID(t.Context(), o.user.ID)
			if err != nil {
				t.Fatal(err)
			}
			user.IsActive = true
			if err := o.site.Database.UpdateUser(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			return factorPassword
		}, left{Passkeys: 1, App: true}},
		"end all sessions": {func(t *testing.T, o *owned) string {
			if _, err := o.site.Accounts.EndSessions(t.Context(), o.user, nil); err != nil {
				t.Fatal(err)
			}
			return factorPassword
		}, left{Passkeys: 1, App: true}},
		"another password by the operator": {func(t *testing.T, o *owned) string {
			if err := o.site.Auth.SetPassword(t.Context(), o.user, next); err != nil {
				t.Fatal(err)
			}
			return next
		}, left{Passkeys: 1, App: true}},
		"the operator removes the app": {func(t *testing.T, o *owned) string {
			if removed, err := o.site.TwoFactor.Remove(t.Context(), o.user); err != nil || !removed {
				t.Fatal(removed, err)
			}
			return factorPassword
		}, left{Passkeys: 1, Recent: true, Trusted: true}}, // no code is asked for
		"the operator removes the app, and there is another": {func(t *testing.T, o *owned) string {
			if _, err := o.site.TwoFactor.Remove(t.Context(), o.user); err != nil {
				t.Fatal(err)
			}
			equip(t, o.site, o.user)
			return factorPassword
		}, left{Passkeys: 1, App: true, Recent: true}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOwned(t)
			if got := o.left(tt.end(t, o)); got != tt.want {
				t.Errorf("%+v is left, want %+v", got, tt.want)
			}
		})
	}
}
