package database_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// badgeTable has more unique columns than the username.
const badgeTable = `CREATE TABLE worker (id KEY, last_login TIME, date_joined TIME NOT NULL, password varchar(128) NOT NULL,
	username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL,
	last_name varchar(150) NOT NULL, email varchar(254) NOT NULL UNIQUE, is_staff bool NOT NULL, is_active bool NOT NULL,
	badge varchar(20) UNIQUE)`

// noSuperusers are the columns of a model without permissions.
var noSuperusers = map[string]string{"is_superuser": ""}

// TestDuplicatesOfOtherColumns are not those of the username.
func TestDuplicatesOfOtherColumns(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		e.create(t, where, badgeTable)
		db, err := e.openModel(t, where, database.UserModel{Table: "worker", Columns: noSuperusers, Extra: []string{"badge"}})
		must(t, err)
		create := func(name, email, badge string) error {
			u := &database.User{Username: name, Email: email, IsActive: true}
			u.SetExtra("badge", badge)
			return db.CreateUnique(t.Context(), u, false)
		}
		must(t, create("ada", "ada@example.com", "1"))
		for _, refused := range []struct {
			name, email, badge string
			username, address  bool
		}{
			{"ADA", "x@example.com", "2", true, false},
			{"eve", "ada@example.com", "2", false, true},
			{"eve", "x@example.com", "1", false, false},
		} {
			err := create(refused.name, refused.email, refused.badge)
			if !errors.Is(err, database.ErrDuplicate) || errors.Is(err, database.ErrUsernameTaken) != refused.username ||
				errors.Is(err, database.ErrEmailTaken) != refused.address {
				t.Errorf("%+v: %v", refused, err)
			}
		}
		must(t, create("eve", "eve@example.com", "2"))
	})
}

// TestUniqueWithoutLocks: in a database without our tables a name is looked for.
func TestUniqueWithoutLocks(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		_, err := e.reopen(t, where, nil).SQL().ExecContext(t.Context(), "DROP TABLE coatcheck_lock")
		must(t, err)
		db, err := e.open(t.Context(), where.DSN(), nil, true)
		must(t, err)
		defer db.Close()
		must(t, db.CreateUnique(t.Context(), &database.User{Username: "Alise"}, false))
		if err := db.CreateUnique(t.Context(), &database.User{Username: "aliſe"}, false); !errors.Is(err, database.ErrUsernameTaken) {
			t.Errorf("another spelling: %v", err)
		}
	})
}

// TestReplaceEmailSpellings: where users sign in by their address, of several users
// who change to one mailbox at once one does, whatever its spelling.
func TestReplaceEmailSpellings(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		e.create(t, where, badgeTable)
		db, err := e.openModel(t, where, database.UserModel{
			Table: "worker", UsernameColumn: "email", Columns: noSuperusers, Extra: []string{"username"},
		})
		must(t, err)
		forms := []string{"me@münchen.example", "ME@München.example", "me@xn--mnchen-3ya.example"}
		ids := make([]string, 9)
		for i := range ids {
			u := &database.User{Username: fmt.Sprintf("%d@example.com", i), IsActive: true}
			u.SetExtra("username", fmt.Sprint(i))
			must(t, db.CreateUnique(t.Context(), u, true))
			ids[i] = u.ID
		}
		together(len(ids), func(i int) {
			replaced, err := db.ReplaceEmail(t.Context(), ids[i], fmt.Sprintf("%d@example.com", i), forms[i%len(forms)])
			if err != nil && !errors.Is(err, database.ErrDuplicate) || replaced != (err == nil) {
				t.Errorf("replace: %v, %v", replaced, err)
			}
		})
		owners, err := db.UsersByMailbox(t.Context(), forms[0])
		if err != nil || len(owners) != 1 {
			t.Fatalf("%d owners, %v", len(owners), err)
		}
		own := owners[0]
		must1(t, true)(db.ReplaceEmail(t.Context(), own.ID, own.Email, "Me@münchen.example")) // another spelling
	})
}
