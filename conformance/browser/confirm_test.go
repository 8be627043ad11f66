package browser_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/sessions"
)

// session returns the session of the browser.
func (b *tab) session(s *site) (session *sessions.Session) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
		for _, c := range got.Cookies {
			if c.Name == sessions.DefaultCookieName {
				session = s.Sessions.Session(c.Value)
			}
		}
		return err
	}))
	if session == nil {
		b.t.Fatal("the browser has no session")
	}
	return session
}

// ages lets the last proof of the browser be an hour old.
func (b *tab) ages(s *site) {
	b.t.Helper()
	session := b.session(s)
	err := session.Set(b.t.Context(), sessionkeys.LoginTime, time.Now().Add(-time.Hour).Unix())
	if err = errors.Join(err, session.Save(b.t.Context())); err != nil {
		b.t.Fatal(err)
	}
}

// TestBrowserConfirm: a user whose login is long ago confirms by the password and by a passkey, and
// goes on with the form that was filled in. One who has neither logs in again.
func TestBrowserConfirm(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t, func(c *coatcheck.Config) {
		c.Views.Extras = append(c.Views.Extras, passkeys.New(passkeys.Options{}))
	})
	s.addUser(t, "ada")
	b := newTab(t, strings.Replace(s.base, "127.0.0.1", "localhost", 1))
	a := b.authenticator()
	b.open("/accounts/login/?next=/accounts/passkeys/add/")
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("form[method=post] button:not([type])")
	b.want("/accounts/passkeys/add/", "Add a passkey")
	b.click("main form button:not([type])")
	b.arrives("/accounts/passkeys/", "Passkeys")

	a.present(false) // or the browser would offer the passkey, and the user touch it
	b.ages(s)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('main input[name=name]').value = 'Blue key'`))
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/rename/"]').requestSubmit()`))
	b.arrives("/accounts/confirm/", "Confirm that it is you")
	b.inspect("confirm")
	b.write("id_password", "wrong")
	b.click("main form button:not([type])")
	b.arrives("/accounts/confirm/", "Confirm that it is you")
	b.inspect("confirm-error")
	b.write("id_password", canary)
	b.click("main form button:not([type])")
	b.arrives("/accounts/passkeys/", "Passkeys")
	if text := evaluate[string](b, `document.querySelector('main').innerText`); !strings.Contains(text, "is called “Blue key” now") {
		t.Errorf("the page says %q", text)
	}

	b.open("/accounts/passkeys/add/")
	b.ages(s)
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('id_name').value = 'Second'`))
	b.click("main form button:not([type])")
	b.arrives("/accounts/confirm/", "Confirm that it is you")
	time.Sleep(500 * time.Millisecond) // what the browser offers on its own waits for ever
	a.present(true)
	b.do(chromedp.Click(chromedp.CSS("form.passkey button")))
	b.arrives("/accounts/passkeys/add/", "Add a passkey")
	if name := evaluate[string](b, `document.getElementById('id_name').value`); name != "Second" {
		t.Errorf("the form comes back with %q", name)
	}
	b.confirmWithout(s)
}

// confirmWithout shows the page to a user who has no way to confirm.
func (b *tab) confirmWithout(s *site) {
	b.t.Helper()
	ctx := b.t.Context()
	bob, err := s.Auth.CreateUser(ctx, auth.NewUser{Username: "bob", Email: "bob@example.com"})
	if err != nil {
		b.t.Fatal(err)
	}
	session := b.session(s)
	for key, value := range map[string]any{
		sessionkeys.UserID: bob.ID, sessionkeys.Hash: s.Auth.SessionAuthHash(bob), sessionkeys.LoginTime: 1,
	} {
		err = errors.Join(err, session.Set(ctx, key, value))
	}
	if err = errors.Join(err, session.Save(ctx)); err != nil {
		b.t.Fatal(err)
	}
	b.open("/accounts/close/")
	b.arrives("/accounts/confirm/", "Confirm that it is you")
	b.inspect("confirm-none")
	b.click("main form button")
	b.arrives("/accounts/login/", "Log in")
}
