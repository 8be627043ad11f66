package coatcheck_test

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/oidc"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/views"
)

// A program lets users sign in by an OpenID provider.
func Example_oidc() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Views: views.Options{Extras: []views.Extra{oidc.New(oidc.Options{Providers: []oidc.Provider{{
			Name: "example", Issuer: "https://login.example.com", ClientID: "shop", Secret: "from the provider",
		}}})}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(site.Views.Route("oidc").Pattern)
	// Output: /accounts/oidc/
}
