package coatcheck_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/views"
)

// A program lets browsers bind sessions to their devices.
func Example_deviceBound() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Views:    views.Options{Extras: []views.Extra{devicebound.New(devicebound.Options{})}},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle(views.Path, site.Views)
	fmt.Println(site.Views.Route("device_refresh").Pattern)
	// Output: /accounts/device/refresh/
}
