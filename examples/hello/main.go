// Command hello greets users who have signed in.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
)

func main() {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, "app.db")
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db, Keys: coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")},
	})
	if err != nil {
		log.Fatal(err)
	}
	go site.Run(ctx)
	log.Fatal(http.ListenAndServe("127.0.0.1:8000", routes(site)))
}

func routes(site *coatcheck.Site) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /profile", site.RequireUser(middleware.HandlerFunc(profile)))
	return site.Handler(mux)
}

func profile(w http.ResponseWriter, r *http.Request) error {
	user, err := auth.UserFromContext(r.Context())
	if err == nil {
		fmt.Fprintf(w, "hello %s\n", user)
	}
	return err
}
