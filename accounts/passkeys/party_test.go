package passkeys_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softkey"
	"github.com/coatcheck/coatcheck/views"
)

// at sends a request to a name of the site, which here is one of this machine.
func (b *browser) at(name, method, path, body string) *coatchecktest.Response {
	b.r.t.Helper()
	request := b.NewRequest(method, path, strings.NewReader(body))
	request.Host = name
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	return b.Do(request)
}

// TestParentDomain: with the RP ID of a parent domain, a passkey that was added at one name of the site
// signs in at the others, and nowhere else.
func TestParentDomain(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) {
		c.Views.Extras = []views.Extra{passkeys.New(passkeys.Options{
			RPID: "shop.localhost", Origins: []string{"https://shop.example"},
		})}
	})
	r.CreateUser("ada", canary)
	b := r.browser()
	login := `{"username":"ada","password":"` + canary + `"}`
	featuretest.Wants(t, b.at("www.shop.localhost", http.MethodPost, "/accounts/login/", login), 200, "Login successful")
	k := &softkey.Key{}
	send := func(b *browser, name, path, response, state string) *coatchecktest.Response {
		return b.at(name, http.MethodPost, path, `{"credential":`+quoted(response)+`,"state":`+quoted(state)+`}`)
	}
	response, state, err := k.Create([]byte(b.at("www.shop.localhost", http.MethodGet, addURL, "").Body), "http://www.shop.localhost")
	if err != nil {
		t.Fatal(err)
	}
	if k.RPID != "shop.localhost" {
		t.Errorf("the RP ID is %q", k.RPID)
	}
	featuretest.Wants(t, send(b, "www.shop.localhost", addURL, response, state), 200, "Passkey added")

	for _, name := range []string{"www.shop.localhost", "login.shop.localhost", "shop.localhost"} {
		k.Origin = "http://" + name
		c := r.browser()
		response, state, err := k.Get([]byte(c.at(name, http.MethodGet, loginURL, "").Body))
		if err != nil {
			t.Fatal(err)
		}
		featuretest.Wants(t, send(c, "other.shop.localhost", loginURL, response, state), 401, "open for too long")
		featuretest.Wants(t, send(c, name, loginURL, response, state), 200, "Login successful")
	}
	for _, name := range []string{"localhost", "another.localhost", "myshop.localhost"} {
		featuretest.Wants(t, r.browser().at(name, http.MethodGet, loginURL, ""), 409, "do not work at this address")
	}
	featuretest.Wants(t, r.browser().at("shop.example", http.MethodGet, loginURL, ""), 409, "need https://")
	w := httptest.NewRecorder()
	r.Views.WellKnown()["/.well-known/webauthn"].ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/webauthn", http.NoBody))
	if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || body != `{"origins":["https://shop.example"]}` {
		t.Errorf("/.well-known/webauthn: %d %s", w.Code, body)
	}
}

// quoted is a text in JSON.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// TestWrongParty: domains and sites that cannot work are refused when the site is made, with what to
// write.
func TestWrongParty(t *testing.T) {
	for name, o := range map[string]passkeys.Options{
		"a URL": {RPID: "https://example.com"}, "a port": {RPID: "example.com:443"}, "an address": {RPID: "192.0.2.1"},
		"in capitals": {RPID: "Example.com"}, "a path": {RPID: "example.com/x"}, "origins alone": {Origins: []string{"https://example.org"}},
		"an origin by http": {RPID: "example.com", Origins: []string{"http://example.org"}},
		"an origin's path":  {RPID: "example.com", Origins: []string{"https://example.org/"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, err := coatcheck.New(coatcheck.Config{
				Database: r.Database, Keys: coatcheck.Keys{Secret: strings.Repeat("k", 50)},
				Views: views.Options{Extras: []views.Extra{passkeys.New(o)}},
			})
			if err == nil || !strings.Contains(err.Error(), "--passkey-") {
				t.Errorf("%+v: %v", o, err)
			}
		})
	}
}
