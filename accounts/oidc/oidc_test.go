package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softissuer"
)

// TestSignIn: a user who is signed in links an account at a provider, and signs in by it from then
// on; the session is one that a Django beside accepts, and nobody else gets it.
func TestSignIn(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		ada := r.CreateUser("ada", canary)
		ada.Email = "ada@example.com"
		if err := r.Database.UpdateUser(t.Context(), ada); err != nil {
			t.Fatal(err)
		}
		r.linked("ada")
		if got := r.emails(); !slices.Equal(got, []string{"Example was linked to your account on The Shop"}) {
			t.Errorf("emails: %q", got)
		}
		b := r.browser()
		before := b.Session().Key()
		featuretest.Wants(t, b.signIn(), http.StatusOK, "Login successful")
		if b.user() != ada.ID || b.Session().Key() == before {
			t.Errorf("signed in: %q, want %s", b.user(), ada.ID)
		}
		backend, _, err := b.Session().Get(t.Context(), "_auth_user_backend")
		if err != nil || backend != `"django.contrib.auth.backends.ModelBackend"` {
			t.Errorf("backend %s, %v", backend, err)
		}
		list, err := r.Accounts.Sessions(t.Context(), ada, b.Session().Key())
		if err != nil || len(list) != 2 || list[0].Method != "oidc" || list[1].Method != accounts.MethodPassword {
			t.Errorf("sessions: %+v, %v", list, err)
		}
		if ids := b.ids(); len(ids) != 1 {
			t.Errorf("linked: %q", ids)
		}
		want := []string{"account-created", "login", "oidc-added", "login"}
		if got := r.audited(); !slices.Equal(got, want) {
			t.Errorf("audit log: %q", got)
		}
		other := r.browser()
		r.Change(func(i *softissuer.Issuer) { i.Subject = "24828976100" }) // a part of the other
		featuretest.Wants(t, other.signIn(), http.StatusUnauthorized, "is not linked")
		if other.user() != "" {
			t.Error("another subject is signed in")
		}
	}, nil)
}

// TestSubjectToTheLetter: databases that ignore case, accents and spaces at the end know apart what a
// provider knows apart.
func TestSubjectToTheLetter(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		r.Change(func(i *softissuer.Issuer) { i.Subject = "Subject" })
		r.linked("ada")
		for _, subject := range []string{"subject", "Subject ", "SUBJECT"} {
			r.Change(func(i *softissuer.Issuer) { i.Subject = subject })
			b := r.browser()
			if got := b.signIn(); got.Status != http.StatusUnauthorized || b.user() != "" {
				t.Errorf("%q: %d %s", subject, got.Status, got.Body)
			}
		}
	}, nil)
}

// TestNeverByAddress: an equal address or name links nothing, whether people may sign up by the
// provider or not.
func TestNeverByAddress(t *testing.T) {
	for _, changes := range [][]change{nil, {withSignup}} {
		r := newRig(t, nil, changes...)
		ada := r.CreateUser("ada", canary)
		ada.Email = "ada@example.com"
		if err := r.Database.UpdateUser(t.Context(), ada); err != nil {
			t.Fatal(err)
		}
		for _, more := range []softissuer.Claims{
			{"email": "ada@example.com", "email_verified": true, "preferred_username": "eve"},
			{"email": "Ada@EXAMPLE.com", "email_verified": "true", "preferred_username": "eve"},
			{"email": "eve@example.com", "email_verified": true, "preferred_username": "ada"},
			{"preferred_username": "ADA"},
			{"preferred_username": "ａｄａ"},
		} {
			r.Change(func(i *softissuer.Issuer) { i.More = more })
			b := r.browser()
			got := b.signIn()
			if got.Status != http.StatusUnauthorized && got.Status != http.StatusConflict || b.user() != "" {
				t.Errorf("%v: %d %s", more, got.Status, got.Body)
			}
		}
		if got := r.audited(); !slices.Equal(got, []string{"account-created"}) {
			t.Errorf("audit log: %q", got)
		}
	}
}

// TestSignUp: where the site lets people sign up by the provider, an account begins with what the
// provider has verified, no password opens it, and its only way in stays.
func TestSignUp(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.Change(func(i *softissuer.Issuer) {
			i.UserInfo = softissuer.Claims{
				"sub": i.Subject, "preferred_username": "grace", "email": "grace@example.com",
				"email_verified": true, "given_name": "Grace",
			}
		})
		b := r.browser()
		featuretest.Wants(t, b.signIn(), http.StatusOK, "Login successful")
		user, err := r.Auth.UserByUsername(t.Context(), "grace")
		if err != nil {
			t.Fatal(err)
		}
		if b.user() != user.ID || user.Password.Usable() || user.Email != "grace@example.com" || user.FirstName != "Grace" {
			t.Errorf("signed up: %+v", user)
		}
		again := r.browser()
		featuretest.Wants(t, again.signIn(), http.StatusOK, "Login successful")
		if again.user() != user.ID {
			t.Errorf("again: %q", again.user())
		}
		got := again.PostJSON(removeURL, map[string]string{"id": again.ids()[0]})
		featuretest.Wants(t, got, http.StatusConflict, "only way to sign in")
		if len(again.ids()) != 1 {
			t.Error("the only way in is gone")
		}
	}, nil, withSignup)
}

// TestSignUpNeedsVerifiedAddress: an address that the provider has not verified is not taken, and
// what the UserInfo endpoint says of somebody else is not believed.
func TestSignUpNeedsVerifiedAddress(t *testing.T) {
	r := newRig(t, nil, withSignup)
	r.Change(func(i *softissuer.Issuer) {
		i.More = softissuer.Claims{"preferred_username": "grace", "email": "grace@example.com"}
	})
	featuretest.Wants(t, r.browser().signIn(), http.StatusOK, "Login successful")
	if user, err := r.Auth.UserByUsername(t.Context(), "grace"); err != nil || user.Email != "" {
		t.Errorf("%+v, %v", user, err)
	}
	r.Change(func(i *softissuer.Issuer) {
		i.Subject, i.More = "2", nil
		i.UserInfo = softissuer.Claims{"sub": "3", "preferred_username": "eve"}
	})
	r2 := newRig(t, nil, withSignup)
	r2.Change(func(i *softissuer.Issuer) { i.UserInfo = softissuer.Claims{"sub": "3", "preferred_username": "eve"} })
	featuretest.Wants(t, r2.browser().signIn(), http.StatusUnauthorized, "could not be checked")
	r2.Change(func(i *softissuer.Issuer) {
		i.UserInfo = softissuer.Claims{"sub": i.Subject, "preferred_username": "no name\x00"}
	})
	featuretest.Wants(t, r2.browser().signIn(), http.StatusConflict, "can be a username")
}

// TestUnlink: an account that is unlinked signs in no more, and another user's is none of a user's
// business.
func TestUnlink(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		r.CreateUser("bob", canary)
		b := r.linked("ada")
		id := b.ids()[0]
		bob := r.browser()
		bob.login("bob")
		featuretest.Wants(t, bob.PostJSON(removeURL, map[string]string{"id": id}), http.StatusNotFound, "no such linked account")
		featuretest.Wants(t, bob.link(), http.StatusConflict, "another account here has it")
		if len(bob.ids()) != 0 || len(b.ids()) != 1 {
			t.Error("the account has another user")
		}
		featuretest.Wants(t, b.link(), http.StatusOK, "Account linked") // already, and told so
		featuretest.Wants(t, b.PostJSON(removeURL, map[string]string{"id": id}), http.StatusOK, "Account unlinked")
		featuretest.Wants(t, r.browser().signIn(), http.StatusUnauthorized, "is not linked")
	}, nil)
}

// TestLinkIsAskedFor: only the page of a user who is signed in leads to the linking of an account,
// in the same browser, by the same user, and with a login that is recent.
func TestLinkIsAskedFor(t *testing.T) {
	r := newRig(t, nil)
	r.CreateUser("ada", canary)
	r.CreateUser("bob", canary)
	b := r.browser()
	b.Header.Set("Accept", "application/json")
	featuretest.Wants(t, b.Get(addURL), http.StatusUnauthorized, "")
	b.login("ada")
	offer := b.offered()
	for name, address := range map[string]string{
		"a ticket that is changed": offer[:len(offer)-2] + "AA", "no ticket": startURL + "?link=x",
	} {
		if got := b.Get(address); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d to %q", name, got.Status, got.Location())
		}
	}
	eve := r.browser()
	eve.login("bob")
	eve.offered() // so that the browser is known
	if got := eve.Get(offer); got.Status != http.StatusBadRequest {
		t.Errorf("the ticket of another browser: %d", got.Status)
	}
	back := b.to(offer)
	b.Logout()
	b.login("bob")
	featuretest.Wants(t, b.Get(back), http.StatusBadRequest, "Please try again")
	if len(b.ids()) != 0 {
		t.Error("an account is linked to another user than the one who asked")
	}
	old := r.browser()
	old.Header.Set("Accept", "application/json")
	old.login("ada")
	session := old.Session()
	if err := session.Set(t.Context(), "_coatcheck_login", 1000); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	featuretest.Wants(t, old.Get(addURL), http.StatusUnauthorized, "proof-wanted")
}

// TestSecondFactor: a user who has to show a second factor is asked for it after the provider too.
func TestSecondFactor(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Logins.TwoFactor.Require = twofactor.RequireAll }, withSignup)
	r.Change(func(i *softissuer.Issuer) { i.More = softissuer.Claims{"preferred_username": "grace"} })
	b := r.browser()
	got := b.signIn()
	featuretest.Wants(t, got, http.StatusForbidden, "one more step")
	if b.user() != "" {
		t.Error("a login that waits for a step has signed in")
	}
}

// TestInactive: an inactive user is not signed in, and is not made active.
func TestInactive(t *testing.T) {
	r := newRig(t, nil)
	ada := r.CreateUser("ada", canary)
	r.linked("ada")
	if _, err := r.Accounts.Deactivate(t.Context(), ada, nil); err != nil {
		t.Fatal(err)
	}
	b := r.browser()
	featuretest.Wants(t, b.signIn(), http.StatusUnauthorized, "inactive")
	user, err := r.Auth.UserByUsername(t.Context(), "ada")
	if err != nil || user.IsActive || b.user() != "" {
		t.Errorf("%v, %v, signed in %q", user, err, b.user())
	}
}

// TestStateOnce: of 64 who bring the state and the code of one login back at once, one is signed in.
func TestStateOnce(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		r.linked("ada")
		b := r.browser()
		back := b.to(startURL)
		cookie := b.known
		var wg sync.WaitGroup
		var mu sync.Mutex
		counts := map[int]int{}
		for range 64 {
			wg.Go(func() {
				request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, back, http.NoBody)
				request.Header.Set("Cookie", cookie)
				got, err := http.DefaultTransport.RoundTrip(request)
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
		if counts[http.StatusOK] != 1 || counts[http.StatusBadRequest] != 63 || r.Asked("/token") != 2 {
			t.Errorf("%v, %d requests for tokens", counts, r.Asked("/token"))
		}
	}, func(c *coatcheck.Config) { c.Logins.ThrottleOff = true })
}

// TestStateOfBrowser: what a visitor brings back counts in the browser that went, for the provider
// and the purpose, and once.
func TestStateOfBrowser(t *testing.T) {
	r := newRig(t, nil)
	r.CreateUser("ada", canary)
	r.linked("ada")
	b := r.browser()
	back := b.to(startURL)
	other := r.browser()
	other.to(startURL) // so that it has a cookie of its own
	parsed, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	for _, visitor := range []*browser{other, r.browser()} {
		featuretest.Wants(t, visitor.Get(parsed.RequestURI()), http.StatusBadRequest, "Please try again")
		if visitor.user() != "" {
			t.Error("a login that began in another browser signed in")
		}
	}
	featuretest.Wants(t, b.Get(listURL+"example/callback/?code=x"), http.StatusBadRequest, "Please try again")
	featuretest.Wants(t, b.Get(listURL+"nobody/callback/"), http.StatusNotFound, "")
	featuretest.Wants(t, b.Get(back), http.StatusOK, "Login successful")
	b.Logout()
	featuretest.Wants(t, b.Get(back), http.StatusBadRequest, "Please try again")
}

// TestOpenAPI: the document of the site has the addresses, and each route is in it.
func TestOpenAPI(t *testing.T) {
	r := newRig(t, nil)
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
