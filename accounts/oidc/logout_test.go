package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softissuer"
)

// TestLogout: a provider ends the sessions that began at one of its sessions, or all that began at an
// account there, and no other; a token ends them once.
func TestLogout(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		byPassword := r.linked("ada")
		at := func(sid string) *browser {
			t.Helper()
			r.Change(func(i *softissuer.Issuer) { i.More = softissuer.Claims{"sid": sid} })
			b := r.browser()
			featuretest.Wants(t, b.signIn(), http.StatusOK, "Login successful")
			return b
		}
		first, second, third := at("one"), at("two"), at("three")
		signedIn := func(want ...bool) {
			t.Helper()
			for i, b := range []*browser{byPassword, first, second, third} {
				if got := b.user() != ""; got != want[i] {
					t.Errorf("browser %d: signed in %v, want %v", i, got, want[i])
				}
			}
		}
		signedIn(true, true, true, true)
		got := r.logout(r.LogoutToken(softissuer.Claims{"sub": nil, "sid": "one"}))
		featuretest.Wants(t, got, http.StatusOK, "")
		if !strings.Contains(got.Header.Get("Cache-Control"), "no-store") || len(got.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("headers: %v", got.Header)
		}
		signedIn(true, false, true, true)
		featuretest.Wants(t, r.logout(r.LogoutToken(softissuer.Claims{"sid": "two"})), http.StatusOK, "")
		signedIn(true, false, false, true)
		featuretest.Wants(t, r.logout(r.LogoutToken(softissuer.Claims{"sub": "somebody"})), http.StatusOK, "")
		signedIn(true, false, false, true)
		token := r.LogoutToken(nil)
		featuretest.Wants(t, r.logout(token), http.StatusOK, "")
		signedIn(true, false, false, false)
		again := at("four")
		featuretest.Wants(t, r.logout(token), http.StatusBadRequest, "token ID")
		if again.user() == "" {
			t.Error("a token that was used already ended a session")
		}
	}, nil)
}

// TestLogoutLies: tokens that are no logout tokens of the provider end nothing.
func TestLogoutLies(t *testing.T) {
	r := newRig(t, nil)
	ada := r.CreateUser("ada", canary)
	r.linked("ada")
	b := r.browser()
	featuretest.Wants(t, b.signIn(), http.StatusOK, "Login successful")
	const event = "http://schemas.openid.net/event/backchannel-logout"
	for why, change := range map[string]softissuer.Claims{
		"wrong issuer":           {"iss": "https://evil.example"},
		"wrong audience":         {"aud": "somebody"},
		"wrong authorized party": {"aud": []string{"coatcheck", "x"}},
		"wrong nonce":            {"nonce": ""},
		"wrong event":            {"events": softissuer.Claims{"http://example.com/other": softissuer.Claims{}}},
		"wrong event ":           {"events": softissuer.Claims{event: "yes"}},
		"wrong event  ":          {"events": nil},
		"wrong token ID":         {"jti": nil},
		"wrong subject":          {"sub": nil},
		"wrong subject ":         {"sub": "", "sid": ""},
		"wrong expiry":           {"exp": nil},
		"wrong expiry ":          {"exp": time.Now().Add(-2 * time.Minute).Unix()},
		"wrong expiry  ":         {"iat": time.Now().Add(-2 * time.Hour).Unix()},
		"wrong time of issue":    {"iat": time.Now().Add(time.Hour).Unix()},
		"wrong type":             {"typ": "at+jwt"},
	} {
		featuretest.Wants(t, r.logout(r.LogoutToken(change)), http.StatusBadRequest, strings.TrimSpace(why))
		if err := r.Auth.UnlockAddress(t.Context(), addr, ""); err != nil {
			t.Fatal(err)
		}
	}
	r.Change(func(i *softissuer.Issuer) { i.Sign = func([]byte) []byte { return make([]byte, 256) } })
	featuretest.Wants(t, r.logout(r.LogoutToken(nil)), http.StatusBadRequest, "wrong signature")
	r.Change(func(i *softissuer.Issuer) { i.Sign = nil })
	featuretest.Wants(t, r.logout("x"), http.StatusBadRequest, "wrong type")
	featuretest.Wants(t, r.logout(""), http.StatusBadRequest, "wrong type")
	featuretest.Wants(t, r.logout(strings.Repeat("x", 1<<18)), http.StatusBadRequest, "wrong body")
	other := r.NewClient(r.Handler(r.Views))
	featuretest.Wants(t, other.PostJSON(logoutURL, map[string]string{"logout_token": r.LogoutToken(nil)}), http.StatusBadRequest,
		"wrong content type")
	featuretest.Wants(t, other.Get(logoutURL), http.StatusMethodNotAllowed, "")
	featuretest.Wants(t, other.Post(listURL+"nobody/backchannel-logout/", url.Values{}), http.StatusNotFound, "")
	if b.user() != ada.ID {
		t.Error("a lie ended the session")
	}
}

// TestLogoutOnce: of 64 requests with one token, one is told that it did it.
func TestLogoutOnce(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Logins.ThrottleOff = true })
	r.CreateUser("ada", canary)
	r.linked("ada")
	b := r.browser()
	featuretest.Wants(t, b.signIn(), http.StatusOK, "Login successful")
	token := r.LogoutToken(nil)
	client := r.NewClient(r.Handler(r.Views))
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for range 64 {
		wg.Go(func() {
			got, err := http.PostForm(client.URL.String()+logoutURL, url.Values{"logout_token": {token}})
			if err != nil {
				t.Error(err)
				return
			}
			_ = got.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			counts[got.StatusCode]++
		})
	}
	wg.Wait()
	if counts[http.StatusOK] != 1 || counts[http.StatusBadRequest] != 63 || b.user() != "" {
		t.Errorf("%v, signed in %q", counts, b.user())
	}
}

// TestLogoutPastDjangosGuard: the provider has neither cookie nor token of Django's guard against
// forged requests, which still guards every other address.
func TestLogoutPastDjangosGuard(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardDjango })
	featuretest.Wants(t, r.logout(r.LogoutToken(nil)), http.StatusOK, "")
	c := r.NewClient(r.Handler(r.Views))
	for _, path := range []string{removeURL, "/accounts/login/", listURL + "example/start/"} {
		if got := c.Post(path, url.Values{}); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
