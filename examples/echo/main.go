// Command echo is the same with echo, which wraps net/http's middleware itself.
//
//	SECRET_KEY=$(openssl rand -hex 32) go run ./echo
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

	"github.com/labstack/echo/v5"

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

// routes is the whole program. The site wraps echo as a whole, so that every
// handler finds session and user in c.Request().Context().
func routes(site *coatcheck.Site) http.Handler {
	e := echo.New()
	e.Any("/accounts/*", echo.WrapHandler(site.Views))
	e.GET("/", home)
	e.GET("/profile", profile, echo.WrapMiddleware(site.RequireUser))
	return site.Handler(e)
}

// home is for everybody and asks for nobody, so it costs no query.
func home(c *echo.Context) error { return c.String(http.StatusOK, "welcome\n") }

func profile(c *echo.Context) error {
	user, err := auth.UserFromContext(c.Request().Context())
	if err != nil {
		middleware.Fail(c.Response(), c.Request(), err)
		return nil
	}
	return c.String(http.StatusOK, "hello "+user.String()+"\n")
}
