package coatcheck_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/softkey"
)

// The routes of passkeys that are for visitors are among those that a waiting login may open.
func init() { openToAll["passkey_login"] = "it takes a signature, which counts as both factors" }

// TestPasskeyDoors: a login by a passkey is whole for users who must have a second factor, have one or not,
// and are remembered or not; of an inactive user nothing is opened; and while a login by a password waits
// for its step, no route of passkeys opens anything but a login by a passkey.
func TestPasskeyDoors(t *testing.T) {
	for _, require := range []twofactor.Require{twofactor.RequireNone, twofactor.RequireStaff, twofactor.RequireAll} {
		for _, app := range []bool{false, true} {
			for _, inactive := range []bool{false, true} {
				for _, remember := range []string{"", "yes", "no"} {
					name := fmt.Sprintf("required of %s, app %v, inactive %v, remember %q", require, app, inactive, remember)
					t.Run(name, func(t *testing.T) { tryPasskey(t, require, app, inactive, remember) })
				}
			}
		}
	}
}

// passkeySite is a site with passkeys and the user ada, who has one: it was added while nothing was
// required.
func passkeySite(t *testing.T, require twofactor.Require, app bool) (*coatchecktest.Site, http.Handler, *softkey.Key) {
	t.Helper()
	door := entrance{change: func(c *coatcheck.Config) {
		c.Views.Extras = append(c.Views.Extras, passkeys.New(passkeys.Options{}))
	}}
	before, h := doorSite(t, door, twofactor.RequireNone)
	ada := before.CreateUser("ada", factorPassword)
	ada.IsStaff = true
	if err := before.Database.UpdateUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	c := localClient(before, h)
	c.ForceLogin(ada)
	k := &softkey.Key{}
	response, state, err := k.Create([]byte(c.Get("/accounts/passkeys/add/").Body), origin(c))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.PostJSON("/accounts/passkeys/add/", map[string]string{"credential": response, "state": state}); got.Status != http.StatusOK {
		t.Fatalf("add: %d %s", got.Status, got.Body)
	}
	if app {
		equip(t, before, ada)
	}
	change := door.change
	door.change = func(c *coatcheck.Config) {
		change(c)
		c.Database = before.Database
	}
	site, h := doorSite(t, door, require)
	return site, h, k
}

// localClient is a client at localhost, since passkeys need a name.
func localClient(site *coatchecktest.Site, h http.Handler) *coatchecktest.Client {
	c := site.NewClient(h)
	c.URL.Host = "localhost:" + c.URL.Port()
	return c
}

func origin(c *coatchecktest.Client) string { return c.URL.Scheme + "://" + c.URL.Host }

// showPasskey logs in by a passkey.
func showPasskey(t *testing.T, c *coatchecktest.Client, k *softkey.Key, remember string) *coatchecktest.Response {
	t.Helper()
	k.Origin = origin(c)
	response, state, err := k.Get([]byte(c.Get("/accounts/passkeys/login/").Body))
	if err != nil {
		t.Fatal(err)
	}
	return c.PostJSON("/accounts/passkeys/login/", map[string]string{"credential": response, "state": state, "remember": remember})
}

func tryPasskey(t *testing.T, require twofactor.Require, app, inactive bool, remember string) {
	site, h, k := passkeySite(t, require, app)
	if inactive {
		ada, err := site.Auth.UserByUsername(t.Context(), "ada")
		if err == nil {
			ada.IsActive = false
			err = site.Database.UpdateUser(t.Context(), ada)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c := localClient(site, h)
	step := "login_two_factor"
	if app {
		step = "login_code"
	}
	waits := !inactive && (app || require != twofactor.RequireNone)
	if waits && remember == "" { // a login by a password waits for its step
		if got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword}); got.Status != http.StatusForbidden {
			t.Fatalf("a login by a password: %d %s", got.Status, got.Body)
		}
		tryRoutes(t, site, c, step)
		c = localClient(site, h)
		c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword})
	}
	got := showPasskey(t, c, k, remember)
	who := c.Get("/who/").Body
	if inactive {
		if got.Status != http.StatusUnauthorized || who != "AnonymousUser" {
			t.Errorf("%d %s: %s", got.Status, got.Body, who)
		}
		tryPrivate(t, site, c)
		return
	}
	if got.Status != http.StatusOK || who != "ada" {
		t.Fatalf("%d %s: %s", got.Status, got.Body, who)
	}
	if _, there, err := c.Session().Get(t.Context(), sessionkeys.Pending); there || err != nil {
		t.Errorf("the other login still waits: %v, %v", there, err)
	}
	if proofs, _, err := c.Session().Get(t.Context(), sessionkeys.Proofs); err != nil || !strings.Contains(proofs, `"passkey"`) {
		t.Errorf("the proofs: %s, %v", proofs, err)
	}
	if closes, err := c.Session().ExpiresAtBrowserClose(t.Context()); err != nil || closes != (remember == "no") {
		t.Errorf("the session ends with the browser: %v, %v", closes, err)
	}
}

// tryPrivate sends every request to routes for users, which nobody is let into.
func tryPrivate(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client) {
	t.Helper()
	for _, r := range site.Views.Routes() {
		if !r.Private {
			continue
		}
		for _, method := range r.Methods {
			request := c.NewRequest(method, inPath.ReplaceAllString(r.Pattern, "none"), nil)
			request.Header.Set("Accept", "application/json")
			if got := c.Do(request); got.Status != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", method, r.Pattern, got.Status)
			}
		}
	}
}
