package database_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/coatcheck/coatcheck/database"
)

// loosen lets each column of auth_user be NULL but the key, as a site's own model may.
func loosen(t *testing.T, e engine, db *database.DB) {
	t.Helper()
	types := map[string]string{
		"password": "varchar(128)", "is_superuser": "bool", "username": "varchar(150)", "first_name": "varchar(150)",
		"last_name": "varchar(150)", "email": "varchar(254)", "is_staff": "bool", "is_active": "bool", "date_joined": "datetime(6)",
	}
	statements := []string{
		"PRAGMA writable_schema = ON",
		"UPDATE sqlite_master SET sql = replace(replace(sql, ' NOT NULL', ''), 'PRIMARY KEY', 'NOT NULL PRIMARY KEY') WHERE name = 'auth_user'",
		"PRAGMA writable_schema = RESET",
	}
	if e.name != "sqlite" {
		statements = nil
	}
	for column, kind := range types {
		switch e.name {
		case "postgres":
			statements = append(statements, "ALTER TABLE auth_user ALTER COLUMN "+column+" DROP NOT NULL")
		case "mysql":
			statements = append(statements, "ALTER TABLE auth_user MODIFY "+column+" "+kind+" NULL")
		}
	}
	for _, statement := range statements {
		_, err := db.SQL().ExecContext(t.Context(), statement)
		must(t, err)
	}
}

// TestNullColumns: a user whose columns are NULL where Django's model has them NOT NULL
// is found by every query, is changed like any other, and keeps NULL where nothing else
// is written.
func TestNullColumns(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		db := e.reopen(t, where, nil)
		loosen(t, e, db)
		db = e.reopen(t, where, nil)
		u := user(t, db, "joe")
		_, err := db.SQL().ExecContext(t.Context(), "UPDATE auth_user SET password = NULL, is_superuser = NULL, first_name = NULL,"+
			" last_name = NULL, email = NULL, is_staff = NULL, is_active = NULL, date_joined = NULL")
		must(t, err)
		want := database.User{ID: u.ID, Username: "joe"}
		found := func(what string, got *database.User, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			plain := database.User{
				ID: got.ID, Username: got.Username, FirstName: got.FirstName, LastName: got.LastName, Email: got.Email,
				Password: got.Password, IsActive: got.IsActive, IsStaff: got.IsStaff, IsSuperuser: got.IsSuperuser, DateJoined: got.DateJoined,
			}
			if diff := cmp.Diff(want, plain, cmpopts.IgnoreUnexported(database.User{})); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}
		got, err := db.UserByID(t.Context(), u.ID)
		found("by id", got, err)
		got, err = db.UserByUsername(t.Context(), "joe")
		found("by name", got, err)
		got, err = db.UserByUsernameFold(t.Context(), "JOE")
		found("by name without case", got, err)
		for _, address := range []string{"joe@example.com", "jœ@example.com"} {
			if all, err := db.UsersByMailbox(t.Context(), address); len(all) > 0 || err != nil {
				t.Errorf("UsersByMailbox(%q) = %v, %v", address, all, err)
			}
		}

		got.FirstName = "Joe"
		must(t, db.UpdateUser(t.Context(), got))
		if replaced, err := db.ReplacePassword(t.Context(), u.ID, "", "md5$s$h"); !replaced || err != nil {
			t.Errorf("ReplacePassword = %v, %v", replaced, err)
		}
		var email, last *string
		row := db.SQL().QueryRowContext(t.Context(), "SELECT email, last_name FROM auth_user")
		if err := row.Scan(&email, &last); email != nil || last != nil || err != nil {
			t.Errorf("email and last_name are %v and %v after an update, want NULL; %v", email, last, err)
		}
		if replaced, err := db.ReplaceEmail(t.Context(), u.ID, "", "joe@example.com"); !replaced || err != nil {
			t.Errorf("ReplaceEmail = %v, %v", replaced, err)
		}
		want.FirstName, want.Password, want.Email = "Joe", "md5$s$h", "joe@example.com"
		got, err = db.UserByID(t.Context(), u.ID)
		found("after the changes", got, err)

		if _, err := db.SQL().ExecContext(t.Context(), "UPDATE auth_user SET username = NULL"); err != nil {
			t.Fatal(err)
		}
		if taken, err := db.NameTaken(t.Context(), "jœ"); taken || err != nil {
			t.Errorf("NameTaken = %v, %v", taken, err)
		}
		all, err := db.UsersByMailbox(t.Context(), "joe@example.com")
		if err != nil || len(all) != 1 || all[0].Username != "" {
			t.Errorf("UsersByMailbox = %v, %v", all, err)
		}
	})
}
