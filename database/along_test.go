package database_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

// TestSessionAndUserByUUID: users whose key is a UUID are read along with sessions too, alone
// and several together.
func TestSessionAndUserByUUID(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		key := map[string]string{"sqlite": "char(32)", "postgres": "uuid", "mysql": "uuid"}[e.name]
		e.create(t, where, `CREATE TABLE members_member (id `+key+` NOT NULL, username varchar(150) NOT NULL UNIQUE,
			password varchar(128) NOT NULL, last_login TIME NULL, email varchar(254) NOT NULL, is_active boolean NOT NULL, UNIQUE (id))`)
		lacking := map[string]string{}
		for field := range strings.FieldsSeq("is_superuser first_name last_name is_staff date_joined") {
			lacking[field] = ""
		}
		db, err := e.openModel(t, where, database.UserModel{Table: "members_member", IDType: database.UUIDID, Columns: lacking})
		must(t, err)
		const several = 40
		var users []*database.User
		name := func(i int) string { return "session" + strconv.Itoa(i) }
		ask := func(db *database.DB, i int) error {
			s, along, err := db.SessionAndUser(t.Context(), name(i), moment)
			if err != nil {
				return err
			}
			got, err := db.UserByID(along.Context(t.Context()), users[i].ID)
			if err != nil || got.Username != users[i].Username || s.Data != "data"+strconv.Itoa(i) {
				return fmt.Errorf("session %d: %+v %+v: %w", i, s, got, err)
			}
			return nil
		}
		for i := range several {
			u := &database.User{Username: "user" + strconv.Itoa(i), IsActive: true}
			must(t, db.CreateUser(t.Context(), u))
			users = append(users, u)
			must(t, db.InsertSession(t.Context(), session(name(i), "data"+strconv.Itoa(i))))
			must(t, ask(db, i)) // the database learns whose it is
		}
		queries := 0
		must(t, ask(db.Recording(func(string) { queries++ }), 0))
		if queries != 1 {
			t.Errorf("a session and its user took %d queries, want 1", queries)
		}
		var all sync.WaitGroup
		for i := range several {
			all.Go(func() {
				for range 20 {
					if err := ask(db, i); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}
