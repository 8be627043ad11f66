package coatcheck_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/views"
)

// A program opts into passkeys.
func Example_passkeys() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Views:    views.Options{Extras: []views.Extra{passkeys.New(passkeys.Options{})}},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle(views.Path, site.Views)
	for path, handler := range site.Views.WellKnown() {
		mux.Handle(path, handler)
	}
	fmt.Println(site.Views.Route("passkeys").Pattern)
	// Output: /accounts/passkeys/
}
