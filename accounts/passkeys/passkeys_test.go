package passkeys_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softkey"
)

// TestPasskeys goes the way of a user: a passkey is added, signs in on another browser without a
// name, is renamed and removed, and does not sign in any more.
func TestPasskeys(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		ada := r.CreateUser("ada", canary)
		here := r.browser()
		here.login("ada")
		k := here.add("")
		if len(k.Handle) != 64 {
			t.Errorf("the handle has %d bytes", len(k.Handle))
		}
		if got := r.emails(); len(got) != 1 || got[0] != "A passkey was added to your account on The Shop" {
			t.Errorf("emails: %q", got)
		}
		featuretest.Wants(t, here.Get(listURL), 200, `"name":"Chrome on Linux","synced":false`)
		featuretest.Wants(t, here.Get(listURL), 200, `"last_used":null`)

		there := r.browser()
		k.Synced = false
		featuretest.Wants(t, there.signIn(k), 200, "Login successful")
		if got := there.user(); got != ada.ID {
			t.Errorf("signed in is %q", got)
		}
		if got := there.Get(listURL); strings.Contains(got.Body, `"last_used":null`) {
			t.Errorf("not used: %s", got.Body)
		}
		ids := there.ids()
		featuretest.Wants(t, there.PostJSON(listURL+"rename/", map[string]string{"id": ids[0], "name": " Key ring "}), 200, "renamed")
		featuretest.Wants(t, there.Get(listURL), 200, `"name":"Key ring"`)
		featuretest.Wants(t, there.PostJSON(listURL+"rename/", map[string]string{"id": ids[0], "name": "a\nb"}), 400, "Enter a name")
		featuretest.Wants(t, there.PostJSON(listURL+"remove/", map[string]string{"id": ids[0]}), 200, "Passkey removed")
		featuretest.Wants(t, there.PostJSON(listURL+"remove/", map[string]string{"id": ids[0]}), 404, "no such passkey")
		if got := r.emails(); !slices.Contains(got, "A passkey was removed from your account on The Shop") {
			t.Errorf("emails: %q", got)
		}
		featuretest.Wants(t, r.browser().signIn(k), 401, "not known here any more")
		r.wantAudit("passkey-added", "login", "passkey-removed")
	})
}

// TestListedAsPasskey: the list of places where a user is signed in tells logins by a passkey from those
// by a password.
func TestListedAsPasskey(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		here := r.browser()
		here.login("ada")
		k := here.add("")
		there := r.browser()
		featuretest.Wants(t, there.signIn(k), 200, "Login successful")
		var listed struct {
			Sessions []struct {
				Current bool   `json:"current"`
				Method  string `json:"method"`
			} `json:"sessions"`
		}
		there.Get("/accounts/sessions/").JSON(&listed)
		if len(listed.Sessions) != 2 {
			t.Fatalf("listed: %+v", listed)
		}
		for _, s := range listed.Sessions {
			if want := map[bool]string{true: "passkey", false: "password"}[s.Current]; s.Method != want {
				t.Errorf("listed as %q, want %q", s.Method, want)
			}
		}
		body := there.html().Get("/accounts/sessions/").Body
		if n := strings.Count(body, "Signed in with a passkey"); n != 1 {
			t.Errorf("said %d times: %s", n, body)
		}
	})
}

// TestAddRefused: each check of a new passkey refuses what is wrong with it, and stores nothing.
func TestAddRefused(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.browser()
	b.login("ada")
	for name, bend := range map[string]func(*softkey.Key){
		"another origin":    func(k *softkey.Key) { k.Origin = "https://localhost.example" },
		"another challenge": func(k *softkey.Key) { k.Challenge = strings.Repeat("A", 43) },
		"not verified":      func(k *softkey.Key) { k.NoUser = true },
		"another ceremony":  func(k *softkey.Key) { k.Type = "webauthn.get" },
	} {
		t.Run(name, func(t *testing.T) {
			_, got := b.made("x", bend)
			featuretest.Wants(t, got, 400, "could not be checked")
		})
	}
	response, state := b.created(&softkey.Key{})
	for name, body := range map[string]map[string]string{
		"no passkey":        {"state": state},
		"no challenge":      {"credential": response},
		"a broken one":      {"credential": response, "state": state[1:]},
		"no JSON":           {"credential": "x", "state": state},
		"a long name":       {"credential": response, "state": state, "name": strings.Repeat("é", 81)},
		"a name of two":     {"credential": response, "state": state, "name": "a\nb"},
		"far too much":      {"credential": strings.Repeat("x", 30_000), "state": state},
		"a login challenge": {"credential": response, "state": stateOf(b, loginURL)},
	} {
		t.Run(name, func(t *testing.T) { featuretest.Wants(t, b.PostJSON(addURL, body), 400, `"error"`) })
	}
	if ids := b.ids(); len(ids) != 0 {
		t.Errorf("stored: %q", ids)
	}
	whole := map[string]string{"credential": response, "state": state}
	featuretest.Wants(t, b.PostJSON(addURL, whole), 200, "Passkey added")
	featuretest.Wants(t, b.PostJSON(addURL, whole), 400, "used already")
}

// stateOf returns the sealed challenge of an address.
func stateOf(b *browser, path string) string {
	var o struct {
		State string `json:"state"`
	}
	b.Get(path).JSON(&o)
	return o.State
}

// TestSignInRefused: each check of a login refuses what is wrong with it, and signs nobody in.
func TestSignInRefused(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		b := r.browser()
		b.login("ada")
		k := b.add("key")
		other := r.CreateUser("eve", canary)
		e := r.browser()
		e.login("eve")
		evil := e.add("key")
		for name, bend := range map[string]func(*softkey.Key){
			"another origin":      func(k *softkey.Key) { k.Origin = "https://localhost.example" },
			"another site":        func(k *softkey.Key) { k.RPID = "example.com" },
			"another challenge":   func(k *softkey.Key) { k.Challenge = strings.Repeat("A", 43) },
			"not verified":        func(k *softkey.Key) { k.NoUser = true },
			"another ceremony":    func(k *softkey.Key) { k.Type = "webauthn.create" },
			"the ID of another":   func(k *softkey.Key) { k.ID = evil.ID },
			"the handle":          func(k *softkey.Key) { k.Handle = evil.Handle },
			"no handle":           func(k *softkey.Key) { k.Handle = nil },
			"another eligibility": func(k *softkey.Key) { k.Synced = true },
		} {
			t.Run(name, func(t *testing.T) {
				c, bent := r.browser(), k.Twin()
				bent.Origin = c.origin()
				bend(bent)
				featuretest.Wants(t, c.PostJSON(loginURL, c.signed(bent)), 401, "could not be checked")
				if got := c.user(); got != "" {
					t.Errorf("signed in is %q", got)
				}
			})
		}
		c, mine := r.browser(), k.Twin()
		mine.Origin = c.origin()
		signed := c.signed(mine)
		t.Run("of another browser", func(t *testing.T) {
			featuretest.Wants(t, r.browser().PostJSON(loginURL, signed), 401, "open for too long")
		})
		featuretest.Wants(t, c.PostJSON(loginURL, signed), 200, "Login successful")
		t.Run("replayed", func(t *testing.T) {
			c.Logout()
			featuretest.Wants(t, c.PostJSON(loginURL, signed), 401, "used already")
		})
		other.IsActive = false
		if err := r.Database.UpdateUser(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		t.Run("inactive", func(t *testing.T) {
			c := r.browser()
			featuretest.Wants(t, c.signIn(evil), 401, "inactive")
			if got := c.user(); got != "" {
				t.Errorf("signed in is %q", got)
			}
		})
	})
}

// TestChallengeOnce: of 64 uses of one signed challenge at once, one signs in.
func TestChallengeOnce(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		b := r.browser()
		b.login("ada")
		k := b.add("key")
		b.Logout()
		k.Origin = b.origin()
		signed := b.signed(k)
		var won, lost atomic.Int64
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 64 {
			c := *b.Client
			all.Go(func() {
				<-start
				switch got := c.PostJSON(loginURL, signed); got.Status {
				case http.StatusOK:
					won.Add(1)
				case http.StatusUnauthorized:
					lost.Add(1)
				default:
					t.Errorf("%d %s", got.Status, got.Body)
				}
			})
		}
		close(start)
		all.Wait()
		if won.Load() != 1 || lost.Load() != 63 {
			t.Errorf("%d won, and %d lost", won.Load(), lost.Load())
		}
	}, func(c *coatcheck.Config) { c.Logins.ThrottleOff = true })
}

// TestCounter: a counter that goes back is refused and told, and one that goes on is not; where
// there is none, nothing is refused.
func TestCounter(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		ada := r.CreateUser("ada", canary)
		b := r.browser()
		b.login("ada")
		k := b.add("key")
		for range 2 {
			featuretest.Wants(t, r.browser().signIn(k), 200, "Login successful")
		}
		k.Count = 9
		featuretest.Wants(t, r.browser().signIn(k), 200, "Login successful")
		r.emails()
		for _, count := range []uint32{9, 8, 0} {
			k.Count = count
			featuretest.Wants(t, r.browser().signIn(k), 401, "may have been copied")
		}
		if got := r.emails(); len(got) != 3 || !strings.HasSuffix(got[0], "may have been copied") {
			t.Errorf("emails: %q", got)
		}
		if all, err := r.Accounts.Passkeys(t.Context(), ada); err != nil || len(all) != 1 || all[0].SignCount != 9 {
			t.Errorf("stored: %v, %v", all, err)
		}
		k.Count = 10
		featuretest.Wants(t, r.browser().signIn(k), 200, "Login successful")
	})
}

// TestLastWayIn: a user without a password keeps the last passkey.
func TestLastWayIn(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		b := r.browser()
		b.login("ada")
		first, second := b.add("first"), b.add("second")
		user, err := r.Auth.UserByUsername(t.Context(), "ada")
		if err == nil {
			err = r.Auth.SetPassword(t.Context(), user, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		c := r.browser()
		featuretest.Wants(t, c.signIn(second), 200, "Login successful")
		ids := c.ids()
		featuretest.Wants(t, c.PostJSON(listURL+"remove/", map[string]string{"id": ids[0]}), 200, "removed")
		featuretest.Wants(t, c.PostJSON(listURL+"remove/", map[string]string{"id": ids[1]}), 409, "only way to sign in")
		featuretest.Wants(t, r.browser().signIn(first), 401, "not known")
		featuretest.Wants(t, r.browser().signIn(second), 200, "Login successful")
	})
}

// TestLimit: a user has 20 passkeys at most.
func TestLimit(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.browser()
	b.login("ada")
	for range 20 {
		b.add("key")
	}
	_, got := b.made("one more", nil)
	featuretest.Wants(t, got, 400, "You have 20 passkeys")
}

// TestFresh: a login that is not fresh adds and removes nothing, and leads back after another.
func TestFresh(t *testing.T) {
	r := newRig(t)
	user := r.CreateUser("ada", canary)
	b := r.browser()
	b.login("ada")
	k := b.add("key")
	id := b.ids()[0]
	old := r.browser()
	old.ForceLogin(user) // which stores no time
	s := old.Session()
	if err := s.Set(t.Context(), "_coatcheck_login", 1_700_000_000); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	old.Header.Set("Accept", "application/json")
	featuretest.Wants(t, old.Get(addURL), 401, `"reason":"proof-wanted","url":"/accounts/confirm/"`)
	for _, button := range []string{"remove/", "rename/"} {
		featuretest.Wants(t, old.PostJSON(listURL+button, map[string]string{"id": id, "name": "x"}), 401, "confirm that it is you")
	}
	if got := old.html().Get(addURL); got.Status != 302 || got.Location() != "/accounts/confirm/?next=/accounts/passkeys/add/" {
		t.Errorf("%d %s", got.Status, got.Location())
	}
	featuretest.Wants(t, old.html().Get("/accounts/login/?next="+addURL), 200, "asks you to log in again")
	k.Origin = old.origin()
	signed := old.signed(k)
	if got := old.html().post(loginURL, "credential", signed["credential"], "state", signed["state"], "next", addURL); got.Location() != addURL {
		t.Errorf("%d %s", got.Status, got.Location())
	}
	featuretest.Wants(t, old.html().Get(addURL), 200, "Add a passkey")
}

// TestPages: what browsers get, with and without passkeys at the address.
func TestPages(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.browser()
	for _, text := range []string{`autocomplete="username webauthn"`, `data-passkey="get"`, "Sign in with a passkey"} {
		featuretest.Wants(t, b.html().Get("/accounts/login/"), 200, text)
	}
	if got := b.html().Get(loginURL); got.Status != 302 || got.Location() != "/accounts/login/" {
		t.Errorf("%d %s", got.Status, got.Location())
	}
	if b.Get(loginURL).Cookie("sessionid") != nil {
		t.Error("a visitor has a session")
	}
	b.login("ada")
	featuretest.Wants(t, b.html().Get(listURL), 200, "You have none yet.")
	k := b.add("Pocket")
	page := b.html()
	for _, text := range []string{"Pocket", "not yet", `data-passkey-known="{&#34;rpId&#34;:&#34;localhost&#34;`} {
		featuretest.Wants(t, page.Get(listURL), 200, text)
	}
	featuretest.Wants(t, page.Get(addURL), 200, `data-passkey="create"`)
	featuretest.Wants(t, page.post(addURL, "name", "x"), 200, "Your browser made no passkey.")

	ids := b.ids()
	if got := page.post(listURL+"remove/", "id", ids[0]); got.Location() != listURL {
		t.Errorf("%d %s", got.Status, got.Location())
	}
	c := r.browser()
	k.Origin = c.origin()
	signed := c.signed(k)
	got := c.html().post(loginURL, "credential", signed["credential"], "state", signed["state"], "next", listURL)
	featuretest.Wants(t, got, 200, `data-passkey-unknown="`)
	featuretest.Wants(t, got, 200, `href="/accounts/login/?next=/accounts/passkeys/"`)

	numbers := r.NewClient(r.Handler(r.Views))
	featuretest.Wants(t, numbers.Get(loginURL), 409, "no IP address")
	abroad := r.browser()
	request := abroad.NewRequest(http.MethodGet, loginURL, nil)
	request.Host = "www.example.com"
	featuretest.Wants(t, abroad.Do(request), 409, "need https://")
}

// TestBothFactors: a user with an authenticator app needs no code after a passkey, which verifies the
// user by itself, nor does one who must have a second factor.
func TestBothFactors(t *testing.T) {
	r := newRig(t)
	strict := newRig(t, func(c *coatcheck.Config) {
		c.Database, c.Logins.TwoFactor.Require = r.Database, twofactor.RequireAll
	})
	b := r.browser()
	b.ForceLogin(r.CreateUser("ada", canary))
	k := b.add("key")
	login := map[string]string{"username": "ada", "password": canary}
	featuretest.Wants(t, strict.browser().PostJSON("/accounts/login/", login), 403, `"step":"two_factor_setup"`)
	featuretest.Wants(t, strict.browser().signIn(k), 200, "Login successful")
	var offered struct{ Key string }
	b.Get("/accounts/two_factor/add/").JSON(&offered)
	code, err := totp.GenerateCode(strings.ReplaceAll(offered.Key, " ", ""), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	featuretest.Wants(t, b.PostJSON("/accounts/two_factor/add/", map[string]string{"code": code, "password": canary}), 200, "recovery_codes")
	featuretest.Wants(t, r.browser().PostJSON("/accounts/login/", login), 403, `"step":"code"`)
	featuretest.Wants(t, r.browser().signIn(k), 200, "Login successful")
}

// TestThrottle: wrong passkeys count as wrong passwords from the address do.
func TestThrottle(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	var last *coatchecktest.Response
	for range 200 {
		if last = b.PostJSON(loginURL, map[string]string{"credential": "{}"}); last.Status == 429 {
			break
		}
	}
	featuretest.Wants(t, last, 429, "Too many attempts")
	featuretest.Wants(t, b.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": "x"}), 429, "Too many")
}

// TestOpenAPI: the document of the site has the addresses, and each route is in it.
func TestOpenAPI(t *testing.T) {
	r := newRig(t)
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	r.browser().Get("/accounts/openapi.json").JSON(&document)
	for _, route := range r.Views.Routes() {
		if !strings.HasPrefix(route.Pattern, listURL) {
			continue
		}
		for _, method := range route.Methods {
			if document.Paths[route.Pattern][strings.ToLower(method)] == nil {
				t.Errorf("%s %s is not described", method, route.Pattern)
			}
		}
	}
}
