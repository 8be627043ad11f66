package coatcheck_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// At each sign-up the program stores a row of its own, and refuses addresses of others.
func Example_hooks() {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SQL().ExecContext(ctx, "CREATE TABLE employee (user_id INTEGER, desk TEXT)"); err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Logins:   coatcheck.LoginOptions{Hooks: hooks.Hooks{SignedUp: hooks.List{employees(db), greet}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	b, stop := newBrowser(site.Handler(site.Views))
	defer stop()
	b.post("/accounts/signup/", "username=eve&email=eve@elsewhere.example&password=correct+horse")
	b.post("/accounts/signup/", "username=ada&email=ada@example.com&password=correct+horse")
	// Output:
	// POST /accounts/signup/ 403 {"error":"Only people of example.com may sign up."}
	// welcome, ada
	// POST /accounts/signup/ 201 {"message":"User created successfully"}
}

// employees stores a row for each user, in the transaction that stores the user.
func employees(db *database.DB) hooks.Hook {
	return hooks.Hook{Before: func(ctx context.Context, e *hooks.Event) error {
		if !strings.HasSuffix(e.User.Email, "@example.com") {
			return hooks.Refuse(http.StatusForbidden, "Only people of example.com may sign up.")
		}
		_, err := db.SQL().ExecContext(ctx, "INSERT INTO employee (user_id) VALUES (?)", e.User.ID)
		return err
	}}
}

// greet does what belongs to a sign-up that is committed.
var greet = hooks.Hook{After: func(_ context.Context, e *hooks.Event) {
	fmt.Println("welcome,", e.User)
}}
