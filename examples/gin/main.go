// Command gin is the same with gin, whose middleware is its own: guard makes one
// of Coatcheck's.
//
//	SECRET_KEY=$(openssl rand -hex 32) go run ./gin
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

	"github.com/gin-gonic/gin"

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

// routes is the whole program. The site wraps gin as a whole, so that every
// handler finds session and user in c.Request.Context().
func routes(site *coatcheck.Site) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Any("/accounts/*path", gin.WrapH(site.Views))
	r.GET("/", home)
	r.GET("/profile", guard(site.RequireUser), profile)
	return site.Handler(r)
}

// guard converts middleware of net/http to that of gin.
func guard(m func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		m(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed, c.Request = true, r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}

// home is for everybody and asks for nobody, so it costs no query.
func home(c *gin.Context) { c.String(http.StatusOK, "welcome\n") }

func profile(c *gin.Context) {
	user, err := auth.UserFromContext(c.Request.Context())
	if err != nil {
		middleware.Fail(c.Writer, c.Request, err)
		return
	}
	c.String(http.StatusOK, "hello %s\n", user)
}
