package coatcheck_test

import (
	"context"
	"log"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// A site that a proxy mounts at https://www.example.com/shop/. The proxy may leave the path
// in front or cut it off.
func Example_belowAPath() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	config := coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: "a long random text that stays the same"}}
	config.Site.Logger = slog.New(slog.DiscardHandler)
	config.Site.ScriptName = "/shop"
	site, err := coatcheck.New(config)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", site.RequireUser(http.HandlerFunc(profile)))
	b, stop := newBrowser(site.Handler(mux))
	defer stop()
	b.get("/orders")
	b.get("/shop/orders")
	// Output:
	// GET /orders 302 to /shop/accounts/login/?next=/shop/orders
	// GET /shop/orders 302 to /shop/accounts/login/?next=/shop/orders
}
