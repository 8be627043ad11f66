package coatcheck_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// A counter in a session loses no count, however many requests come at once.
func Example_counter() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle("POST /visits", middleware.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		session, err := sessions.FromContext(r.Context())
		if err != nil {
			return err
		}
		visits := 0
		err = sessions.Update(r.Context(), session, "visits", func(old int) int {
			visits = old + 1
			return visits
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "visit", visits)
		return nil
	}))
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	browser.post("/visits", "")
	browser.post("/visits", "")
	// Output:
	// POST /visits 200 visit 1
	// POST /visits 200 visit 2
}

// A job in the background ends the sessions of a user, without a request.
func ExampleSite_EndSessions() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /profile", site.RequireUser(http.HandlerFunc(profile)))
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()
	ctx := context.Background()
	user, err := site.Auth.CreateUser(ctx, auth.NewUser{Username: "alice", Password: "correct horse"})
	if err != nil {
		log.Fatal(err)
	}

	browser.post("/accounts/login/", "username=alice&password=correct+horse")
	browser.get("/profile")
	ended, err := site.EndSessions(ctx, user)
	fmt.Println(ended, err)
	browser.get("/profile")
	// Output:
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}
	// GET /profile 200 hello alice
	// 1 <nil>
	// GET /profile 302 to /accounts/login/?next=/profile
}
