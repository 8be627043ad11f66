package password_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/coatcheck/coatcheck/password"
)

func Example() {
	hashers, err := password.New(password.Config{
		Hashers: []password.Hasher{
			password.PBKDF2SHA256{Iterations: 1000}, // makes the new hashes; leave the number out for Django's
			password.Argon2{},                       // only verifies
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	hash, err := hashers.Make(ctx, "correct horse battery staple")
	if err != nil {
		log.Fatal(err)
	}
	verdict, err := hashers.Check(ctx, "correct horse battery staple", hash)
	fmt.Println(verdict.OK, verdict.MustUpdate, err)
	verdict, err = hashers.Check(ctx, "Tr0ub4dor&3", hash)
	fmt.Println(verdict.OK, verdict.Reason, err)
	fmt.Println(hash) // not the hash
	// Output:
	// true false <nil>
	// false wrong password <nil>
	// password.Hash(pbkdf2_sha256)
}

// A table that Django 5.2 also uses: with its work factor, neither program
// rewrites what the other one wrote.
func ExampleDjangoIterations() {
	iterations, ok := password.DjangoIterations("5.2")
	fmt.Println(password.PBKDF2SHA256{Iterations: iterations}, ok)
	// Output:
	// {1000000} true
}

// A login does the same work whether or not the account exists, and replaces an
// old hash only where it is still the one that was checked.
func ExampleHashers_Check() {
	hashers, err := password.New(password.Config{Hashers: []password.Hasher{
		password.PBKDF2SHA256{Iterations: 1000}, // far too few, but this is an example
		password.MD5{},                          // for the rows of an ancient Django
	}})
	if err != nil {
		log.Fatal(err)
	}
	rows := map[string]password.Hash{"ada": "md5$salt$67a1e09bb1f83f5007dc119c14d663aa"}

	login := func(ctx context.Context, name, raw string) (bool, error) {
		stored, ok := rows[name]
		if !ok {
			return false, hashers.Dummy(ctx, raw)
		}
		verdict, err := hashers.Check(ctx, raw, stored)
		if err != nil || !verdict.OK {
			return false, err
		}
		if verdict.MustUpdate {
			replacement, err := hashers.Make(ctx, raw)
			if err == nil && rows[name] == stored { // UPDATE ... WHERE password = stored
				rows[name] = replacement
			}
		}
		return true, nil
	}
	for _, name := range []string{"nobody", "ada", "ada"} {
		ok, err := login(context.Background(), name, "password")
		fmt.Println(name, ok, err, rows[name])
	}
	// Output:
	// nobody false <nil> password.Hash(none)
	// ada true <nil> password.Hash(pbkdf2_sha256)
	// ada true <nil> password.Hash(pbkdf2_sha256)
}

// Too many hashes at a time are a response of their own, and say nothing about
// the account.
func ExampleErrBusy() {
	hashers, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1000}}})
	if err != nil {
		log.Fatal(err)
	}
	late, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	_, err = hashers.Make(late, "secret")
	if errors.Is(err, password.ErrBusy) {
		fmt.Println("503, Retry-After: 2")
	}
	// Output:
	// 503, Retry-After: 2
}
