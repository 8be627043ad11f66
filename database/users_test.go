package database_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

var moment = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

var sameUser = cmp.Options{
	cmpopts.IgnoreUnexported(database.User{}),
	cmp.Comparer(func(a, b password.Hash) bool { return a == b }),
}

func TestUserComesBackAsItWas(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		for _, want := range []*database.User{
			{Username: "plain", IsActive: true, DateJoined: moment},
			{
				Username: "Zoë.Ødegård+日本𝒳@x", FirstName: "it's", LastName: `back\slash "q" %_`, Email: "z@ö.example",
				Password: "pbkdf2_sha256$1$a$b", LastLogin: moment, IsStaff: true, IsSuperuser: true,
				DateJoined: moment.Add(time.Hour).In(time.FixedZone("x", 3600)),
			},
			{Username: strings.Repeat("日", 150), Email: strings.Repeat("e", 254), DateJoined: moment.Truncate(time.Second)},
			{Username: "", DateJoined: moment}, // Django's save() would store it too
		} {
			must(t, db.CreateUser(ctx, want))
			for name, get := range map[string]func() (*database.User, error){
				"by id":       func() (*database.User, error) { return db.UserByID(ctx, want.ID) },
				"by username": func() (*database.User, error) { return db.UserByUsername(ctx, want.Username) },
				"fold":        func() (*database.User, error) { return db.UserByUsernameFold(ctx, want.Username) },
			} {
				got, err := get()
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(want, got, sameUser); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", name, diff)
				}
				if got.DateJoined.Location() != time.UTC {
					t.Errorf("%s: DateJoined is in %v", name, got.DateJoined.Location())
				}
			}
		}
	})
}

func TestIDsThatAreNone(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		u := user(t, db, "joe")
		g := &database.Group{Name: "staff"}
		must(t, db.CreateGroup(ctx, g))
		for _, id := range []string{
			"", "0", "-1", "+1", "01", " 1", "1 ", "1_0", "x", "1e0", "١", "1\x00", "\xff", "99999",
			"2147483648", "9223372036854775807", "9223372036854775808", strings.Repeat("9", 100), "1 OR 1=1",
		} {
			if got, err := db.UserByID(ctx, id); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("UserByID(%q) = %v, %v", id, got, err)
			}
			if ok, err := db.ReplacePassword(ctx, id, u.Password, "x"); ok || err != nil {
				t.Errorf("ReplacePassword(%q) = %v, %v", id, ok, err)
			}
			for name, err := range map[string]error{
				"SetPassword":  db.SetPassword(ctx, id, "x"),
				"SetLastLogin": db.SetLastLogin(ctx, id, moment),
				"UpdateUser":   db.UpdateUser(ctx, &database.User{ID: id, Username: "x"}),
				"DeleteUser":   db.DeleteUser(ctx, id),
				"DeleteGroup":  db.DeleteGroup(ctx, id),
				"AddToGroup":   errors.Join(db.AddToGroup(ctx, id, g.ID)),
				"GrantUser":    db.GrantUser(ctx, id, "auth.add_user"),
				"GrantGroup":   db.GrantGroup(ctx, id, "auth.add_user"),
			} {
				if !errors.Is(err, database.ErrNotFound) {
					t.Errorf("%s(%q): %v", name, id, err)
				}
			}
			for name, err := range map[string]error{
				"RevokeUser":      db.RevokeUser(ctx, id, "auth.add_user"),
				"RevokeGroup":     db.RevokeGroup(ctx, id, "auth.add_user"),
				"RemoveFromGroup": db.RemoveFromGroup(ctx, id, g.ID),
			} {
				if err != nil {
					t.Errorf("%s(%q): %v", name, id, err)
				}
			}
			if own, byGroups, err := db.PermissionsOf(ctx, id); len(own)+len(byGroups) != 0 || err != nil {
				t.Errorf("PermissionsOf(%q) = %v, %v, %v", id, own, byGroups, err)
			}
		}
	})
}

func TestNamesThatNoColumnHolds(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		for _, name := range []string{"a\x00b", "\xff\xfe", "\xed\xa0\x80", "a\xc3"} {
			if _, err := db.UserByUsername(ctx, name); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("UserByUsername(%q): %v", name, err)
			}
			if _, err := db.UserByUsernameFold(ctx, name); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("UserByUsernameFold(%q): %v", name, err)
			}
			if _, err := db.GroupByName(ctx, name); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("GroupByName(%q): %v", name, err)
			}
			if taken, err := db.UsernameTaken(ctx, name); taken || err != nil {
				t.Errorf("UsernameTaken(%q) = %v, %v", name, taken, err)
			}
			if err := db.CreateUser(ctx, &database.User{Username: name}); !errors.Is(err, database.ErrInvalid) {
				t.Errorf("CreateUser(%q): %v", name, err)
			}
		}
		long := strings.Repeat("日", 151)
		for name, u := range map[string]database.User{
			"username":    {Username: long},
			"first_name":  {FirstName: long},
			"last_name":   {LastName: long},
			"email":       {Email: strings.Repeat("e", 255)},
			"password":    {Password: password.Hash(strings.Repeat("p", 129))},
			"date_joined": {DateJoined: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
			"last_login":  {LastLogin: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)},
		} {
			err := db.CreateUser(ctx, &u)
			if !errors.Is(err, database.ErrInvalid) || !strings.Contains(err.Error(), name) {
				t.Errorf("CreateUser with a bad %s: %v", name, err)
			}
		}
		if err := db.CreateUser(ctx, &database.User{ID: "1", Username: "x"}); err == nil {
			t.Error("CreateUser took a user that has an ID")
		}
	})
}

func TestFoldedNames(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		joe, other := user(t, db, "Joe_1"), user(t, db, "JoeX1")
		percent := user(t, db, "50%!")
		for name, want := range map[string]string{
			"joe_1": joe.ID, "JOE_1": joe.ID, "Joe_1": joe.ID, "joex1": other.ID, "50%!": percent.ID,
			"joe%": "", "_oe_1": "", "50%": "", "%": "", "50!%!": "", "joe_1'": "", `joe\_1`: "",
		} {
			got, err := db.UserByUsernameFold(ctx, name)
			taken, takenErr := db.UsernameTaken(ctx, name)
			if takenErr != nil || taken != (want != "") {
				t.Errorf("UsernameTaken(%q) = %v, %v", name, taken, takenErr)
			}
			if want == "" && !errors.Is(err, database.ErrNotFound) || want != "" && (err != nil || got.ID != want) {
				t.Errorf("UserByUsernameFold(%q) = %v, %v, want id %q", name, got, err, want)
			}
		}
		if db.Engine() == "mysql" {
			return // there no two names differ by case only
		}
		exact := user(t, db, "jOE_1")
		if got, err := db.UserByUsernameFold(ctx, "jOE_1"); err != nil || got.ID != exact.ID {
			t.Errorf("of several: %v, %v, want the exact one", got, err)
		}
		if got, err := db.UserByUsernameFold(ctx, "joe_1"); err != nil || got.ID != joe.ID {
			t.Errorf("of several: %v, %v, want the oldest", got, err)
		}
	})
}

func TestDuplicateUser(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		joe, sue := user(t, db, "joe"), user(t, db, "sue")
		err := db.CreateUser(ctx, &database.User{Username: "joe"})
		if !errors.Is(err, database.ErrDuplicate) || strings.Contains(err.Error(), "joe") {
			t.Errorf("CreateUser: %v", err)
		}
		sue.Username = joe.Username
		if err := db.UpdateUser(ctx, sue); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("UpdateUser: %v", err)
		}
		// A duplicate does not spoil the transaction it happens in.
		must(t, db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
			if err := tx.CreateUser(ctx, &database.User{Username: "joe"}); !errors.Is(err, database.ErrDuplicate) {
				t.Errorf("CreateUser in a transaction: %v", err)
			}
			return tx.CreateUser(ctx, &database.User{Username: "ann"})
		}))
		if _, err := db.UserByUsername(ctx, "ann"); err != nil {
			t.Error(err)
		}
	})
}

func TestUpdateUserLeavesCredentialsAlone(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		held := user(t, db, "joe")
		must(t, db.SetPassword(ctx, held.ID, "new$hash"))
		must(t, db.SetLastLogin(ctx, held.ID, moment))
		held.Username, held.FirstName, held.LastName, held.Email = "jim", "J", "M", "j@m.example"
		held.IsActive, held.IsStaff, held.IsSuperuser = false, true, true
		must(t, db.UpdateUser(ctx, held))
		must(t, db.UpdateUser(ctx, held)) // nothing changes, and it is no error
		want := *held
		want.Password, want.LastLogin = "new$hash", moment
		got, err := db.UserByID(ctx, held.ID)
		must(t, err)
		if diff := cmp.Diff(&want, got, sameUser); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		must(t, db.SetLastLogin(ctx, held.ID, time.Time{}))
		if got, _ := db.UserByID(ctx, held.ID); !got.LastLogin.IsZero() {
			t.Errorf("LastLogin = %v, want none", got.LastLogin)
		}
	})
}

func TestReplacePassword(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		u := user(t, db, "joe")
		for _, step := range []struct {
			old, new password.Hash
			want     bool
		}{
			{"MD5$salt$hash", "x", false}, // bytes, not letters: MySQL would take it
			{"md5$salt$hash ", "x", false},
			{"md5$salt$häsh", "x", false},
			{"", "x", false},
			{"md5$salt$\xff", "x", false},
			{"md5$salt$hash", "second", true},
			{"md5$salt$hash", "third", false},
			{"second", "second", true}, // the row holds it: found, not changed
			{"second", "", true},
			{"", "last", true},
		} {
			got, err := db.ReplacePassword(ctx, u.ID, step.old, step.new)
			if err != nil || got != step.want {
				t.Errorf("%s -> %s: %v, %v, want %v", string(step.old), string(step.new), got, err, step.want)
			}
		}
		if got, _ := db.UserByID(ctx, u.ID); string(got.Password) != "last" {
			t.Errorf("the row holds %s", string(got.Password))
		}
	})
}

func TestDeleteUserCascades(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		joe, sue := user(t, db, "joe"), user(t, db, "sue")
		g := &database.Group{Name: "staff"}
		must(t, db.CreateGroup(ctx, g))
		for _, u := range []*database.User{joe, sue} {
			must(t, db.AddToGroup(ctx, u.ID, g.ID))
			must(t, db.GrantUser(ctx, u.ID, "auth.add_user"))
			insertLog(t, db, u.ID)
		}
		must(t, db.DeleteUser(ctx, joe.ID))
		if err := db.DeleteUser(ctx, joe.ID); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("second DeleteUser: %v", err)
		}
		if _, err := db.UserByID(ctx, joe.ID); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("UserByID: %v", err)
		}
		for _, table := range []string{
			"auth_user", "auth_user_groups", "auth_user_user_permissions", "django_admin_log",
		} {
			if n := count(t, db, table); n != 1 {
				t.Errorf("%s has %d rows, want the other user's one", table, n)
			}
		}
	})
}

// A site without the admin has no log to delete.
func TestDeleteUserWithoutAdmin(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		_, err := db.SQL().ExecContext(t.Context(), "DROP TABLE django_admin_log")
		must(t, err)
		must(t, db.DeleteUser(t.Context(), user(t, db, "joe").ID))
	})
}

// Rows of a program's own table keep the user, and everything of it.
func TestDeleteUserThatIsReferredTo(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		u := user(t, db, "joe")
		must(t, db.GrantUser(ctx, u.ID, "auth.add_user"))
		for _, statement := range []string{
			"CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL," +
				" FOREIGN KEY (user_id) REFERENCES auth_user (id))",
			"INSERT INTO orders VALUES (1, " + u.ID + ")",
		} {
			_, err := db.SQL().ExecContext(ctx, statement)
			must(t, err)
		}
		if err := db.DeleteUser(ctx, u.ID); !errors.Is(err, database.ErrReferenced) {
			t.Fatalf("DeleteUser of a user with an order: %v", err)
		}
		if granted, _, err := db.PermissionsOf(ctx, u.ID); err != nil || len(granted) != 1 {
			t.Errorf("permissions = %v, %v, want them untouched", granted, err)
		}
	})
}

// insertLog writes a line of the admin log.
func insertLog(t *testing.T, db *database.DB, userID string) {
	t.Helper()
	_, err := db.SQL().ExecContext(t.Context(), "INSERT INTO django_admin_log"+
		" (action_time, object_repr, action_flag, change_message, user_id)"+
		" VALUES ('2026-01-01 00:00:00', '', 1, '', "+userID+")")
	must(t, err)
}

// count counts the rows of a table.
func count(t testing.TB, db *database.DB, table string) (n int) {
	t.Helper()
	must(t, db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}
