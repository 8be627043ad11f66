package oidc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/accounts/oidc"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softissuer"
)

// lies are what a provider, or somebody in its place, says that is not so.
var lies = map[string]func(i *softissuer.Issuer){
	"another issuer":     claim("iss", "https://evil.example"),
	"the issuer and a /": func(i *softissuer.Issuer) { claim("iss", i.URL+"/")(i) },
	"no issuer":          claim("iss", nil),
	"another audience":   claim("aud", "somebody"),
	"no audience":        claim("aud", nil),
	"several audiences":  claim("aud", []string{"coatcheck", "somebody"}),
	"another party":      claim("azp", "somebody"),
	"another nonce":      claim("nonce", "x"),
	"no nonce":           claim("nonce", nil),
	"no subject":         claim("sub", nil),
	"a long subject":     claim("sub", strings.Repeat("s", 256)),
	"a strange subject":  claim("sub", "1\n2"),
	"a number":           claim("sub", 7),
	"expired":            claim("exp", time.Now().Add(-2*time.Minute).Unix()),
	"no end":             claim("exp", nil),
	"an end for ever":    claim("exp", 1e30),
	"of tomorrow":        claim("iat", time.Now().Add(24*time.Hour).Unix()),
	"of no time":         claim("iat", nil),
	"not yet":            claim("nbf", time.Now().Add(time.Hour).Unix()),
	"not signed": func(i *softissuer.Issuer) {
		header("alg", "none")(i)
		i.Sign = func([]byte) []byte { return nil }
	},
	"None":              func(i *softissuer.Issuer) { header("alg", "None")(i) },
	"a wrong signature": func(i *softissuer.Issuer) { i.Sign = func([]byte) []byte { return make([]byte, 256) } },
	"the public key as a secret": func(i *softissuer.Issuer) {
		header("alg", "HS256")(i)
		i.Sign = softissuer.HS256(i.PublicPEM())
	},
	"the client secret as the key": func(i *softissuer.Issuer) {
		header("alg", "HS256")(i)
		i.Sign = softissuer.HS256([]byte(i.Secret))
	},
	"a key of its own": func(i *softissuer.Issuer) {
		header("jwk", softissuer.Claims{"kty": "oct", "k": "AAAA"})(i)
		i.Sign = softissuer.HS256([]byte{0, 0, 0})
	},
	"critical":                 func(i *softissuer.Issuer) { header("crit", []string{"x"})(i) },
	"another response's iss":   func(i *softissuer.Issuer) { i.Iss = "https://evil.example" },
	"no iss though it has one": func(i *softissuer.Issuer) { i.Iss = "-" },
}

// claim changes a claim of ID tokens; nil leaves it out.
func claim(name string, value any) func(*softissuer.Issuer) {
	return func(i *softissuer.Issuer) {
		i.Bend = func(_, claims softissuer.Claims) {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
	}
}

// header changes the header of ID tokens.
func header(name string, value any) func(*softissuer.Issuer) {
	return func(i *softissuer.Issuer) {
		i.Bend = func(header, _ softissuer.Claims) { header[name] = value }
	}
}

// TestLies: no lie signs anybody in, nor does it sign out the user who is signed in.
func TestLies(t *testing.T) {
	r := newRig(t, nil, withSignup)
	ada := r.CreateUser("ada", canary)
	signedIn := r.linked("ada")
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			r.Change(lie)
			defer r.Change(func(i *softissuer.Issuer) { i.Bend, i.Sign, i.Iss = nil, nil, "" })
			b := r.browser()
			got := b.signIn()
			if got.Status != http.StatusUnauthorized || b.user() != "" {
				t.Errorf("%d %s, signed in %q", got.Status, got.Body, b.user())
			}
			if again := signedIn.Get(signedIn.to(signedIn.offered())); again.Status != http.StatusUnauthorized {
				t.Errorf("linked: %d %s", again.Status, again.Body)
			}
			if got := signedIn.user(); got != ada.ID {
				t.Errorf("the user who was signed in is %q now", got)
			}
			if err := r.Auth.UnlockAddress(t.Context(), addr, ""); err != nil {
				t.Fatal(err)
			}
		})
	}
	featuretest.Wants(t, r.browser().signIn(), http.StatusOK, "Login successful")
}

// TestSkew: clocks may differ by less than a minute.
func TestSkew(t *testing.T) {
	r := newRig(t, nil)
	r.CreateUser("ada", canary)
	r.linked("ada")
	for name, at := range map[string]time.Duration{"exp": -30 * time.Second, "iat": 30 * time.Second, "nbf": 30 * time.Second} {
		r.Change(claim(name, float64(time.Now().Add(at).UnixMilli())/1000))
		featuretest.Wants(t, r.browser().signIn(), http.StatusOK, "Login successful")
	}
}

// TestRefusedByProvider: what the provider refuses is said in a sentence, in HTML too, and nobody is
// signed out.
func TestRefusedByProvider(t *testing.T) {
	r := newRig(t, nil)
	ada := r.CreateUser("ada", canary)
	signedIn := r.linked("ada")
	r.Change(func(i *softissuer.Issuer) { i.Refuse = "access_denied" })
	b := r.browser().html()
	got := b.signIn()
	featuretest.Wants(t, got, http.StatusUnauthorized, "Example did not sign you in")
	if !strings.Contains(got.Body, `href="/accounts/login/"`) {
		t.Errorf("no link to the login page: %s", got.Body)
	}
	page := signedIn.html()
	featuretest.Wants(t, page.Get(page.to(signedIn.offered())), http.StatusUnauthorized, `href="/accounts/oidc/"`)
	if signedIn.user() != ada.ID {
		t.Error("signed out")
	}
}

// TestProviderFails: a provider that is away, or sends what it may not, is a failure of the provider
// and nobody's fault, and no attempt of anybody's; it works again when the provider does.
func TestProviderFails(t *testing.T) {
	huge := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte(`{"id_token":"` + strings.Repeat("x", 1<<16))
		for range 64 {
			_, _ = w.Write(chunk)
		}
	}
	for name, before := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"/token 500":  func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true },
		"/token huge": func(w http.ResponseWriter, _ *http.Request) bool { huge(w); return true },
		"/token moved": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/keys", http.StatusTemporaryRedirect)
			return true
		},
		"/keys 500":  func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true },
		"/keys huge": func(w http.ResponseWriter, _ *http.Request) bool { huge(w); return true },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			path, _, _ := strings.Cut(name, " ")
			r.Change(func(i *softissuer.Issuer) {
				i.Before = func(w http.ResponseWriter, r *http.Request) bool { return r.URL.Path == path && before(w, r) }
			})
			b := r.browser()
			for range 25 { // more than the attempts of an address
				featuretest.Wants(t, b.signIn(), http.StatusServiceUnavailable, "Example cannot be reached")
			}
			r.Change(func(i *softissuer.Issuer) { i.Before = nil })
			featuretest.Wants(t, b.signIn(), http.StatusUnauthorized, "is not linked")
		})
	}
	r := newRig(t, nil)
	r.Change(func(i *softissuer.Issuer) {
		i.Before = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
	})
	b := r.browser()
	for range 5 {
		featuretest.Wants(t, b.Get(startURL), http.StatusServiceUnavailable, "Example cannot be reached")
	}
	if n := r.Asked("/.well-known/openid-configuration"); n > 2 {
		t.Errorf("asked %d times while it fails", n)
	}
}

// TestKeysRotate: a provider that has another key since is asked for it, and a token by the former
// key is refused.
func TestKeysRotate(t *testing.T) {
	r := newRig(t, nil)
	r.CreateUser("ada", canary)
	r.linked("ada")
	r.Change(func(i *softissuer.Issuer) { i.Rotate() })
	featuretest.Wants(t, r.browser().signIn(), http.StatusOK, "Login successful")
	stolen := r.LogoutToken(nil)
	r.Change(func(i *softissuer.Issuer) { i.Rotate() })
	featuretest.Wants(t, r.browser().signIn(), http.StatusOK, "Login successful")
	featuretest.Wants(t, r.logout(stolen), http.StatusBadRequest, "wrong signature")
}

// TestEndpoints: what a provider names as its endpoints leads neither out of HTTPS nor to another
// private address than its own.
func TestEndpoints(t *testing.T) {
	for name, change := range map[string]string{
		"token_endpoint": "http://login.example/token", "jwks_uri": "ftp://127.0.0.1/", "authorization_endpoint": "javascript:alert(1)",
	} {
		r := newRig(t, nil)
		r.Change(func(i *softissuer.Issuer) { i.Metadata = softissuer.Claims{name: change} })
		featuretest.Wants(t, r.browser().Get(startURL), http.StatusServiceUnavailable, "cannot be reached")
	}
	r := newRig(t, nil)
	private := softissuer.New(t)
	r.Change(func(i *softissuer.Issuer) {
		at := strings.Replace(private.URL, "127.0.0.1", "localhost", 1)
		i.Metadata = softissuer.Claims{"token_endpoint": at + "/token"}
	})
	featuretest.Wants(t, r.browser().signIn(), http.StatusServiceUnavailable, "cannot be reached")
	if private.Asked("/token") != 0 {
		t.Error("a private address was asked for a token")
	}
}

// TestOptions refuses what cannot work, and says what to write instead.
func TestOptions(t *testing.T) {
	good := oidc.Provider{Name: "example", Issuer: "https://login.example.com", ClientID: "1"}
	for want, change := range map[string]func(o *oidc.Options){
		"lowercase letters":     func(o *oidc.Options) { o.Providers[0].Name = "Ex" },
		"neither add nor":       func(o *oidc.Options) { o.Providers[0].Name = "add" },
		"no client ID":          func(o *oidc.Options) { o.Providers[0].ClientID = "" },
		"begin with https://":   func(o *oidc.Options) { o.Providers[0].Issuer = "http://login.example.com" },
		"write it as https://":  func(o *oidc.Options) { o.Providers[0].Issuer = "login.example.com" },
		"lack openid":           func(o *oidc.Options) { o.Providers[0].Scopes = []string{"email"} },
		"a name of its own":     func(o *oidc.Options) { o.Providers = append(o.Providers, good) },
		"two providers have th": func(o *oidc.Options) { o.Providers = append(o.Providers, good); o.Providers[1].Name = "other" },
	} {
		o := oidc.Options{Providers: []oidc.Provider{good}}
		change(&o)
		if _, err := oidc.New(o)(nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if got := oidc.Secret("canary"); strings.Contains(got.String()+got.GoString()+got.LogValue().String(), "canary") {
		t.Error("a secret prints itself")
	}
}
