package coatcheck_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// A user and the program's own row are made together, or neither is.
func Example_transaction() {
	site, stop := newSite()
	defer stop()
	ctx := context.Background()
	if _, err := site.Database.SQL().ExecContext(ctx, "CREATE TABLE company (name VARCHAR(40) UNIQUE, owner INTEGER)"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(found(ctx, site, "ada", "Analytical Engines"))
	fmt.Println(found(ctx, site, "bea", "Analytical Engines") != nil) // the name is taken
	_, err := site.Auth.UserByUsername(ctx, "bea")
	fmt.Println(errors.Is(err, auth.ErrNoUser))
	// Output:
	// <nil>
	// true
	// true
}

func found(ctx context.Context, site *coatcheck.Site, owner, company string) error {
	return site.Database.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
		user, err := site.Auth.CreateUser(ctx, auth.NewUser{Username: owner, Password: "correct horse"})
		if err != nil {
			return err
		}
		_, err = tx.SQL().ExecContext(ctx, "INSERT INTO company (name, owner) VALUES (?, ?)", company, user.ID)
		return err
	})
}
