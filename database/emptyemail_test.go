package database_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// TestEmptyEmails: where no two addresses may be alike and a user may have none, users
// without one are stored with NULL, as a form of Django's does. Elsewhere they are
// stored with the empty text.
func TestEmptyEmails(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		for _, c := range []struct {
			column string
			index  string // on what, besides
			null   bool
			second error // of another user without an address
		}{
			{"varchar(254) NULL UNIQUE", "", true, nil},
			{"varchar(254) NULL", "email", true, nil},
			{"varchar(254) NULL", "lower(email)", true, nil},
			{"varchar(254) NULL", "email, first_name", false, nil},
			{"varchar(254) NULL", "", false, nil},
			{"varchar(254) NOT NULL UNIQUE", "", false, database.ErrDuplicate},
		} {
			if e.name == "mysql" && strings.Contains(c.index, "(") {
				continue // MariaDB has no index of an expression
			}
			t.Run(c.column+" "+c.index, func(t *testing.T) {
				where := e.fresh(t)
				e.create(t, where, strings.Replace(badgeTable, "varchar(254) NOT NULL UNIQUE", c.column, 1))
				if c.index != "" {
					e.create(t, where, "CREATE UNIQUE INDEX one_mailbox ON worker ("+c.index+")")
				}
				db, err := e.openModel(t, where, database.UserModel{Table: "worker", Columns: noSuperusers})
				must(t, err)
				first := &database.User{Username: "ada", FirstName: "Ada", IsActive: true}
				must(t, db.CreateUnique(t.Context(), first, true))
				if err := db.CreateUnique(t.Context(), &database.User{Username: "eve", IsActive: true}, true); !errors.Is(err, c.second) {
					t.Errorf("another without an address: %v", err)
				}
				wantNull := func(when string) {
					t.Helper()
					n := 0
					must(t, db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM worker WHERE email IS NULL AND username = 'ada'").Scan(&n))
					if (n == 1) != c.null {
						t.Errorf("%s: %d rows with NULL", when, n)
					}
				}
				wantNull("after the sign-up")
				for _, email := range []string{"ada@example.com", ""} {
					first.Email = email
					must(t, db.UpdateUser(t.Context(), first))
				}
				wantNull("after the address was taken away")
				got, err := db.UserByID(t.Context(), first.ID)
				must(t, err)
				if got.Email != "" {
					t.Errorf("the address is %q", got.Email)
				}
			})
		}
	})
}
