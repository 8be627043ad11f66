package browser_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
)

// authenticator is one of the browser's own, for tests.
type authenticator struct {
	b  *tab
	id webauthn.AuthenticatorID
}

// authenticator adds to the browser an authenticator that keeps passkeys, syncs them, and verifies
// its user.
func (b *tab) authenticator() *authenticator {
	b.t.Helper()
	a := &authenticator{b: b}
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		added, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
				IsUserVerified: true, AutomaticPresenceSimulation: true,
				DefaultBackupEligibility: true, DefaultBackupState: true,
			},
		})
		a.id = added.AuthenticatorID
		return err
	}))
	return a
}

// present sets whether a user touches the authenticator whenever it asks.
func (a *authenticator) present(yes bool) {
	a.b.t.Helper()
	a.b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, webauthn.SetAutomaticPresenceSimulation,
			webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: a.id, Enabled: yes})
		return err
	}))
}

// credentials returns what the authenticator has.
func (a *authenticator) credentials() (all []*webauthn.Credential) {
	a.b.t.Helper()
	a.b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
		all = got.Credentials
		return err
	}))
	return all
}

// addCredential is the command without the fields that the authenticator does not know.
var addCredential = cdp.Command[map[string]any, cdp.Empty]{Method: "WebAuthn.addCredential"}

// keep restores what the authenticator had.
func (a *authenticator) keep(all []*webauthn.Credential) {
	a.b.t.Helper()
	a.b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, one := range all {
			_, err := cdp.Call(ctx, t, addCredential, map[string]any{
				"authenticatorId": a.id, "credential": map[string]any{
					"credentialId": one.CredentialID, "isResidentCredential": true, "rpId": one.RpID,
					"privateKey": one.PrivateKey, "userHandle": one.UserHandle, "signCount": one.SignCount,
					"backupEligibility": true, "backupState": true,
				},
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// arrives waits until the tab is at a path with a heading.
func (b *tab) arrives(path, heading string) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
			`location.pathname + ' ' + (document.readyState === 'complete' && document.querySelector('h1')?.textContent)`))
		if err == nil && at == path+" "+heading {
			return
		}
	}
	b.want(path, heading)
	b.t.FailNow()
}

// TestPasskeys adds a passkey, signs in by the button and by what the browser offers on its own,
// removes it, and is refused then.
func TestPasskeys(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t, func(c *coatcheck.Config) {
		c.Views.Extras = append(c.Views.Extras, passkeys.New(passkeys.Options{}))
	})
	s.addUser(t, "ada")
	b := newTab(t, strings.Replace(s.base, "127.0.0.1", "localhost", 1))
	a := b.authenticator()
	b.open("/accounts/login/")
	b.inspect("passkey-login")
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("form[method=post] button:not([type])")
	b.open("/accounts/passkeys/")
	b.want("/accounts/passkeys/", "Passkeys")
	b.inspect("passkeys-none")
	b.click(`a.button[href$="/passkeys/add/"]`)
	b.want("/accounts/passkeys/add/", "Add a passkey")
	b.inspect("passkey-add")
	b.click("main form button:not([type])")
	b.arrives("/accounts/passkeys/", "Passkeys")
	b.inspect("passkeys")
	kept := a.credentials()
	if len(kept) != 1 || kept[0].UserName != "ada" || !kept[0].IsResidentCredential {
		t.Fatalf("the authenticator has %+v", kept)
	}
	if text := evaluate[string](b, `document.querySelector('main').innerText`); !strings.Contains(text, "Synced") {
		t.Errorf("the page says %q", text)
	}

	b.click("form.logout button")
	b.open("/accounts/login/") // the browser offers the passkey, and the user touches it
	b.arrives("/accounts/profile/", "Your profile")

	a.present(false)
	b.click("form.logout button")
	b.open("/accounts/login/?next=/accounts/passkeys/")
	signIn := func() {
		time.Sleep(500 * time.Millisecond) // what the browser offers on its own waits for ever
		a.present(true)
		b.do(chromedp.Click(chromedp.CSS("form.passkey button")))
	}
	signIn()
	b.arrives("/accounts/passkeys/", "Passkeys")
	b.click(`form[action$="/remove/"] button`)
	b.want("/accounts/passkeys/", "Passkeys")
	for end := time.Now().Add(5 * time.Second); len(a.credentials()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the browser was not told that the passkey is unknown")
		}
	}

	a.present(false)
	b.click("form.logout button")
	a.keep(kept) // as a device that heard of nothing
	b.open("/accounts/login/")
	signIn()
	b.arrives("/accounts/passkeys/login/", "This passkey does not sign in")
	b.inspect("passkey-refused")
	for end := time.Now().Add(5 * time.Second); len(a.credentials()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the browser was not told that the passkey is unknown")
		}
	}
}
