package passkeys_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/softkey"
)

// quiet keeps the log out of a fuzz target, and lets it try for ever.
func quiet(c *coatcheck.Config) {
	c.Site.Logger, c.Logins.ThrottleOff = slog.New(slog.DiscardHandler), true
}

// FuzzAttestation sends responses of authenticators to the page that adds passkeys: nothing but
// what signs the challenge of the page is stored, and nothing is a failure.
func FuzzAttestation(f *testing.F) {
	r := newRig(f, quiet)
	user := r.CreateUser("ada", canary)
	b := r.browser()
	b.login("ada")
	good, _ := b.created(&softkey.Key{})
	synced, _ := b.created(&softkey.Key{Synced: true})
	for _, seed := range []string{good, synced, strings.ReplaceAll(good, "none", "packed"), "{}", "", "null", "[]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, response string) {
		got := b.PostJSON(addURL, map[string]string{"credential": response, "state": stateOf(b, addURL)})
		if got.Status != http.StatusBadRequest && got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%q: %d %s", response, got.Status, got.Body)
		}
		if all, err := r.Accounts.Passkeys(t.Context(), user); err != nil || len(all) != 0 {
			t.Errorf("%q is stored: %v, %v", response, all, err)
		}
	})
}

// FuzzAssertion sends responses of authenticators to the login: nothing but what signs the
// challenge of the page signs in, and nothing is a failure.
func FuzzAssertion(f *testing.F) {
	r := newRig(f, quiet)
	r.CreateUser("ada", canary)
	b := r.browser()
	b.login("ada")
	k := b.add("key")
	k.Origin = b.origin()
	b.Logout()
	f.Add(b.signed(k)["credential"])
	k.NoUser = true
	f.Add(b.signed(k)["credential"])
	for _, seed := range []string{"{}", "", "null", "[]", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, response string) {
		got := b.PostJSON(loginURL, map[string]string{"credential": response, "state": stateOf(b, loginURL)})
		if got.Status != http.StatusUnauthorized && got.Status != http.StatusRequestEntityTooLarge &&
			got.Status != http.StatusBadRequest || b.user() != "" {
			t.Errorf("%q: %d %s", response, got.Status, got.Body)
		}
	})
}
