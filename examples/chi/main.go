// Command chi is the same with the router chi, whose middleware is net/http's: it
// takes Coatcheck's as they are.
//
//	SECRET_KEY=$(openssl rand -hex 32) go run ./chi
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	db, err := sqlite.Open(ctx, "example.db")
	if err != nil {
		return err
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db, Keys: coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")},
	})
	if err != nil {
		return err
	}
	go site.Run(ctx)
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: routes(site), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Println("http://127.0.0.1:8000/")
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// routes is the whole program, wrapped with the session and the user.
func routes(site *coatcheck.Site) http.Handler {
	r := chi.NewRouter()
	r.Use(site.Handler)
	r.Mount("/accounts/", site.Views)
	r.Get("/", home)
	r.With(site.RequireUser).Get("/profile", profile)
	return r
}

// home is for everybody and asks for nobody, so it costs no query.
func home(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "welcome")
}

func profile(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	fmt.Fprintf(w, "hello %s\n", user)
}
