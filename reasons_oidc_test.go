package coatcheck_test

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/oidc"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/softissuer"
	"github.com/coatcheck/coatcheck/views"
)

// atProviderURL begins the addresses of a provider.
const atProviderURL = "/accounts/oidc/example/"

// atProvider configures a site with a provider of its own, which is changed first.
func atProvider(signup bool, change func(i *softissuer.Issuer)) func(*coatcheck.Config) {
	return func(c *coatcheck.Config) {
		i, _ := softissuer.Start()
		i.Change(change)
		c.Views.Extras = []views.Extra{oidc.New(oidc.Options{Signup: signup, Providers: []oidc.Provider{{
			Name: "example", Issuer: i.URL, ClientID: i.ClientID, Secret: oidc.Secret(i.Secret),
		}}})}
	}
}

// asItIs changes nothing.
func asItIs(*softissuer.Issuer) {}

// throughProvider goes to the provider and back.
func (r *reasonRig) throughProvider() { r.toProvider(atProviderURL + "start/") }

func (r *reasonRig) toProvider(page string) {
	started := r.Get(page)
	if started.Status != http.StatusFound {
		return // the provider fails
	}
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, started.Location(), http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	back, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = back.Body.Close()
	r.get(back.Header.Get("Location"))
}

// linkTaken links an account at the provider that another user has.
func (r *reasonRig) linkTaken() {
	issuer, _, _ := strings.Cut(r.Get(atProviderURL+"start/").Location(), "/authorize")
	bob := r.site.CreateUser("bob", reasonPassword)
	at := own.OIDC{Issuer: issuer, Subject: "248289761001"}
	if err := r.site.Accounts.LinkOIDC(httptest.NewRequest(http.MethodGet, "/", http.NoBody), bob, at, "Example"); err != nil {
		r.t.Fatal(err)
	}
	r.login(reasonPassword)
	var offers struct {
		Providers []oidc.Offer `json:"providers"`
	}
	r.Get("/accounts/oidc/add/").JSON(&offers)
	r.toProvider(offers.Providers[0].URL)
}
