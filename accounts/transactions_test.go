package accounts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

// TestTransactions: a program's own row, a user and an email are there together or not at
// all, though nothing but the context says that they belong together.
func TestTransactions(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a second connection would wait for ever
		defer cancel()
		db := r.Database
		statement := func(ctx context.Context, text string, args ...any) error {
			_, err := db.SQL().ExecContext(ctx, text, args...)
			return err
		}
		if err := statement(ctx, "CREATE TABLE company (name VARCHAR(40))"); err != nil {
			t.Fatal(err)
		}
		count := func(table string) (n int) {
			if err := db.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		found := func(want int) {
			t.Helper()
			for _, table := range []string{"company", "auth_user", "coatcheck_link", "coatcheck_mail"} {
				if got := count(table); got != want {
					t.Errorf("%s has %d rows, want %d", table, got, want)
				}
			}
		}
		committed := 0
		begin := func(failure error) error {
			return db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
				database.OnCommit(ctx, func() { committed++ })
				user, err := r.Auth.CreateUser(ctx, auth.NewUser{Username: "ada", Email: "ada@example.com", Password: canary})
				if err != nil {
					return err
				}
				if _, err := r.Auth.UserByUsername(ctx, "ada"); err != nil {
					t.Errorf("the transaction does not see its own user: %v", err)
				}
				_, err = r.Accounts.InviteAs(ctx, user, "bea@example.com", "en")
				return errors.Join(err, statement(ctx, "INSERT INTO company VALUES ('Analytical Engines')"), failure)
			})
		}

		failure := errors.New("the company is not wanted")
		if err := begin(failure); !errors.Is(err, failure) || committed != 0 {
			t.Errorf("%v, and %d commits", err, committed)
		}
		found(0)
		if err := begin(nil); err != nil || committed != 1 {
			t.Errorf("%v, and %d commits", err, committed)
		}
		found(1)
		if !r.opens("ada", canary) {
			t.Error("the password does not open the account")
		}
	})
}

// TestGuessesInTransactions: a rollback must not give guesses back, so that none is made.
func TestGuessesInTransactions(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	err := r.Database.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
		_, err := r.Auth.Authenticate(ctx, auth.Credentials{Username: "ada", Password: canary, Request: r.request()})
		return err
	})
	if err == nil || errors.Is(err, auth.ErrInvalidCredentials) {
		t.Errorf("a guess in a transaction: %v", err)
	}
}
