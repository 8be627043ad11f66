package coatcheck_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password/pwned"
	"github.com/coatcheck/coatcheck/password/validate"
)

// A site that refuses passwords which have appeared in data leaks.
func Example_breachedPasswords() {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	key := "a secret key of some fifty characters"
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "pwned.filter")
	list := strings.NewReader("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\nABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:7\r\n")

	stats, err := pwned.Build(ctx, pwned.Config{In: list, Out: path, MinCount: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Entries, "of", stats.Lines)

	filter, err := pwned.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer filter.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: key},
		Passwords: coatcheck.PasswordOptions{
			Validators: append(validate.Default(), pwned.Validator{Filter: filter}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(site.Auth.ValidatePassword(ctx, "correct horse battery staple", nil))
	// Output:
	// 1 of 2
	// This password has appeared in a data leak, so it is one of the first that an attacker tries. Please choose another.
}
