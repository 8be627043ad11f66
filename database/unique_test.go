package database_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// spellings are of one name each.
var spellings = [][]string{
	{"alise", "Alise", "ALISE", "ａｌｉｓｅ", "ＡＬＩＳＥ", "aliſe"},
	{"straße", "STRASSE", "Strasse", "STRAẞE", "ſtraße"},
	{"Žižka", "žižka", "ŽIŽKA", "z\u030ci\u017eka"},
	{"Дмитрий", "дмитрий", "ДМИТРИЙ"},
}

func TestNameTaken(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		for i, names := range spellings {
			for j, stored := range names {
				u := user(t, db, stored)
				for _, typed := range names {
					must1(t, true)(db.NameTaken(t.Context(), typed))
				}
				for k, others := range spellings {
					if k != i {
						must1(t, false)(db.NameTaken(t.Context(), others[j%len(others)]))
					}
				}
				must1(t, false)(db.NameTaken(t.Context(), stored+"x"))
				must(t, db.DeleteUser(t.Context(), u.ID))
			}
		}
		for _, none := range []string{"", "a\x00b", "\xff", "%", "_lise"} {
			must1(t, false)(db.NameTaken(t.Context(), none))
		}
	})
}

func TestUsersByMailbox(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		forms := []string{"a@münchen.example", "A@MÜNCHEN.example", "a@xn--mnchen-3ya.example", "ａ@XN--mnchen-3ya.example"}
		for i, email := range append(forms, "b@münchen.example", "a@munchen.example", "") {
			must(t, db.CreateUser(t.Context(), &database.User{Username: fmt.Sprint("u", i), Email: email, IsActive: i > 0}))
		}
		for _, email := range forms {
			all, err := db.UsersByMailbox(t.Context(), email)
			must(t, err)
			if len(all) != 4 || all[0].Username != "u0" || all[3].Username != "u3" {
				t.Errorf("%s: %v", email, all)
			}
		}
		if all, err := db.UsersByMailbox(t.Context(), ""); err != nil || len(all) != 0 {
			t.Errorf("no address: %v, %v", all, err)
		}
	})
}

// TestRaceCreateUnique: of all spellings of a name at once one is stored, and of all
// spellings of a mailbox where it counts. No lock is left.
func TestRaceCreateUnique(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		emails := []string{"a@münchen.example", "A@MÜNCHEN.example", "a@xn--mnchen-3ya.example"}
		for round := range 5 {
			for _, names := range spellings {
				created := raceCreate(t, db, func(i int) *database.User {
					return &database.User{Username: fmt.Sprint(names[i%len(names)], round)}
				}, database.ErrUsernameTaken)
				if created != 1 {
					t.Errorf("%s: %d users", names[0], created)
				}
			}
			created := raceCreate(t, db, func(i int) *database.User {
				return &database.User{Username: fmt.Sprint("user", round, i), Email: fmt.Sprint(round, emails[i%len(emails)])}
			}, database.ErrEmailTaken)
			if created != 1 {
				t.Errorf("mailbox: %d users", created)
			}
		}
		if n := count(t, db, "coatcheck_lock"); n != 0 {
			t.Errorf("%d locks are left", n)
		}
	})
}

// raceCreate creates twelve users at once and returns how many there are then. The
// others are refused by the error.
func raceCreate(t *testing.T, db *database.DB, make func(i int) *database.User, refused error) (created int) {
	t.Helper()
	before := count(t, db, "auth_user")
	together(12, func(i int) {
		u := make(i)
		if err := db.CreateUnique(t.Context(), u, true); err != nil && !errors.Is(err, refused) || (err == nil) != (u.ID != "") {
			t.Errorf("create: %v, id %q", err, u.ID)
		}
	})
	return count(t, db, "auth_user") - before
}
