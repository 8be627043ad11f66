package coatcheck_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
)

// consent is a step for users who have not agreed to the terms yet.
type consent struct {
	agreed func(ctx context.Context, userID string) (bool, error)
}

func (consent) Name() string { return "consent" }

func (c consent) Wanted(ctx context.Context, user *auth.User, _ []auth.Proof) (bool, error) {
	agreed, err := c.agreed(ctx, user.ID)
	return !agreed, err
}

func (consent) URL() string { return "/terms/" }

// A login asks for consent to the terms, once, before anybody is signed in.
func Example_factors() {
	agreed := map[string]bool{}
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	step := consent{func(_ context.Context, id string) (bool, error) { return agreed[id], nil }}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Logins:   coatcheck.LoginOptions{Factors: []auth.Factor{step}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.HandleFunc("POST /terms/", func(w http.ResponseWriter, r *http.Request) {
		p, err := site.Auth.Continue(r) // auth.ErrNoPending: log in first
		if err == nil {
			agreed[p.User.ID] = true
			err = site.Auth.Prove(r, p, auth.Proof{Method: "consent"})
		}
		if err == nil {
			err = site.Auth.Complete(r, p)
		}
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprintln(w, "signed in")
	})
	b, stop := newBrowser(site.Handler(mux))
	defer stop()
	b.post("/accounts/signup/", "username=ada&email=ada@example.com&password=correct+horse")
	b.post("/accounts/login/", "username=ada&password=correct+horse")
	b.get("/accounts/profile/")
	b.post("/terms/", "")
	// Output:
	// POST /accounts/signup/ 201 {"message":"User created successfully"}
	// POST /accounts/login/ 403 {"error":"Your login needs one more step.","step":"consent","url":"/terms/"}
	// GET /accounts/profile/ 302 to /accounts/login/?next=/accounts/profile/
	// POST /terms/ 200 signed in
}
