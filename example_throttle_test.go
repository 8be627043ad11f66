package coatcheck_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/throttle"
)

// A store and limits of one's own.
func Example_throttle() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := throttle.NewMemory(0)
	config := coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: "a long random text that stays the same"}}
	config.Logins.Throttle = attempts.Config{
		Store:   store,
		Account: throttle.Limit{Burst: 10, Every: 20 * time.Minute},
		Address: throttle.Limit{Burst: 200, Every: time.Second}, // a school behind one address
	}
	if _, err := coatcheck.New(config); err != nil {
		log.Fatal(err)
	}
}

// Views of one's own: a login by which the browser is known from then on, and
// something else that unknown clients may not do without end.
func Example_throttledViews() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
		user, err := site.Auth.Authenticate(r.Context(), auth.Credentials{
			Username: r.FormValue("name"), Password: r.FormValue("word"), Request: r,
		})
		if errors.Is(err, auth.ErrInvalidCredentials) {
			http.Error(w, "no such user, or another password", http.StatusForbidden)
			return
		}
		if err == nil {
			err = site.Auth.Login(r, user)
		}
		if err == nil {
			err = site.Auth.SetDeviceCookie(w, r, user)
		}
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprintf(w, "welcome, %s\n", user)
	})
	mux.HandleFunc("POST /invite", func(w http.ResponseWriter, r *http.Request) {
		if err := site.Auth.Allow(r, "invitation", r.FormValue("email")); err != nil {
			middleware.Fail(w, r, err) // 429 with Retry-After
			return
		}
		fmt.Fprintln(w, "invited")
	})
	owner, stop := newBrowser(site.Handler(mux))
	defer stop()
	stranger, stop := newBrowser(site.Handler(mux))
	defer stop()

	if _, err := site.Auth.CreateUser(context.Background(), auth.NewUser{Username: "alice", Password: "correct horse"}); err != nil {
		log.Fatal(err)
	}
	owner.post("/enter", "name=alice&word=correct+horse")
	for range 10 {
		_, _ = site.Auth.Authenticate(context.Background(), auth.Credentials{Username: "alice", Password: "guess"})
	}
	stranger.post("/enter", "name=alice&word=correct+horse")
	owner.post("/enter", "name=alice&word=correct+horse")
	owner.post("/invite", "email=bob@example.com")
	// Output:
	// POST /enter 200 welcome, alice
	// POST /enter 429 {"error":"Too many attempts. Please try again in 20 minutes."}
	// POST /enter 200 welcome, alice
	// POST /invite 200 invited
}
