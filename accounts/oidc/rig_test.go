package oidc_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/oidc"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softissuer"
)

const (
	canary    = "canary-tweets-0451"
	listURL   = "/accounts/oidc/"
	addURL    = listURL + "add/"
	removeURL = listURL + "remove/"
	startURL  = listURL + "example/start/"
	logoutURL = listURL + "example/backchannel-logout/"
)

// addr is that of the clients.
var addr = netip.MustParseAddr("127.0.0.1")

// rig is a site with a provider and email.
type rig struct {
	*coatchecktest.Site
	*softissuer.Issuer
	t      testing.TB
	outbox *featuretest.Outbox
}

// change changes the options of the feature.
type change = func(o *oidc.Options)

func newRig(t testing.TB, configure func(*coatcheck.Config), changes ...change) *rig {
	t.Helper()
	r := &rig{t: t, outbox: &featuretest.Outbox{}, Issuer: softissuer.New(t)}
	options := oidc.Options{Providers: []oidc.Provider{{
		Name: "example", Label: "Example", Issuer: r.Issuer.URL, ClientID: r.ClientID, Secret: oidc.Secret(r.Secret),
	}}}
	for _, change := range changes {
		change(&options)
	}
	r.Site = coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		r.outbox.Configure(c)
		c.Views.Extras = append(c.Views.Extras, oidc.New(options))
		if configure != nil {
			configure(c)
		}
	})
	return r
}

// withSignup lets everybody sign up by the provider.
func withSignup(o *oidc.Options) { o.Signup = true }

// engines runs a test on every database.
func engines(t *testing.T, test func(t *testing.T, r *rig), configure func(*coatcheck.Config), changes ...change) {
	t.Helper()
	featuretest.Engines(t, func(t *testing.T, on func(*coatcheck.Config)) {
		test(t, newRig(t, func(c *coatcheck.Config) {
			on(c)
			if configure != nil {
				configure(c)
			}
		}, changes...))
	})
}

// browser is a client that goes to the provider and back.
type browser struct {
	*coatchecktest.Client
	r     *rig
	known string // the cookie of the way to the provider
}

func (r *rig) browser() *browser {
	r.t.Helper()
	return &browser{r.NewClient(r.Handler(r.Views)), r, ""}
}

// login logs in by the password.
func (b *browser) login(name string) {
	b.r.t.Helper()
	got := b.PostJSON("/accounts/login/", map[string]string{"username": name, "password": canary})
	if got.Status != http.StatusOK {
		b.r.t.Fatalf("login: %d %s", got.Status, got.Body)
	}
}

// to goes to the provider from a page of the site, and returns the address that the provider sends
// the visitor back to.
func (b *browser) to(page string) string {
	b.r.t.Helper()
	got := b.Get(page)
	if got.Status != http.StatusFound || !strings.HasPrefix(got.Location(), b.r.Issuer.URL+"/authorize?") {
		b.r.t.Fatalf("start: %d to %q: %s", got.Status, got.Location(), got.Body)
	}
	if c := got.Cookie("coatcheck_oidc"); c != nil {
		b.known = c.Name + "=" + c.Value
	}
	return b.r.back(got.Location())
}

// back asks the provider, as a browser does that is sent there.
func (r *rig) back(address string) string {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	got, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = got.Body.Close()
	if got.StatusCode != http.StatusFound {
		r.t.Fatalf("the provider responds with %d", got.StatusCode)
	}
	return got.Header.Get("Location")
}

// signIn signs in by the provider.
func (b *browser) signIn() *coatchecktest.Response {
	b.r.t.Helper()
	return b.Get(b.to(startURL))
}

// offered returns the address to link an account at the provider.
func (b *browser) offered() string {
	b.r.t.Helper()
	var offers struct {
		Providers []oidc.Offer `json:"providers"`
	}
	b.Get(addURL).JSON(&offers)
	if len(offers.Providers) == 0 || offers.Providers[0].Name != "Example" {
		b.r.t.Fatalf("offers: %+v", offers)
	}
	return offers.Providers[0].URL
}

// link links the account at the provider to the user who is signed in.
func (b *browser) link() *coatchecktest.Response {
	b.r.t.Helper()
	return b.Get(b.to(b.offered()))
}

// linked signs in by the password and links the account at the provider.
func (r *rig) linked(name string) *browser {
	r.t.Helper()
	b := r.browser()
	b.login(name)
	featuretest.Wants(r.t, b.link(), http.StatusOK, "Account linked")
	return b
}

// user returns the ID of the user who is signed in, or "".
func (b *browser) user() string {
	b.r.t.Helper()
	got := b.Get("/accounts/profile/")
	if got.Status != http.StatusOK {
		return ""
	}
	var profile struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	got.JSON(&profile)
	return profile.User.ID
}

// ids lists the linked accounts of the user who is signed in.
func (b *browser) ids() (ids []string) {
	b.r.t.Helper()
	var all struct {
		Accounts []struct {
			ID string `json:"id"`
		} `json:"accounts"`
	}
	b.Get(listURL).JSON(&all)
	for _, a := range all.Accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// html asks as a browser does.
func (b *browser) html() *browser {
	c := *b.Client
	c.Header = b.Header.Clone()
	c.Header.Set("Accept", "text/html")
	return &browser{&c, b.r, ""}
}

// logout sends a logout token, as the provider does.
func (r *rig) logout(token string) *coatchecktest.Response {
	r.t.Helper()
	return r.NewClient(r.Handler(r.Views)).Post(logoutURL, url.Values{"logout_token": {token}})
}

// audited returns the events of the audit log, the oldest first.
func (r *rig) audited() (got []string) {
	r.t.Helper()
	entries, err := r.Accounts.Audit(r.t.Context(), audit.Filter{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		got = append(got, e.Event)
	}
	return got
}

// emails sends the emails that wait, and returns their subjects since the last call.
func (r *rig) emails() []string {
	r.t.Helper()
	return r.outbox.Emails(r.t, r.Site)
}
