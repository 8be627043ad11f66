package database_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// A model with hardly anything that Django's has: a big integer for a key of
// another name, words of SQL for names, no flags, no permissions.
var bareModel = database.UserModel{
	Table: "order", IDColumn: "select", UsernameColumn: "phone",
	Columns: map[string]string{
		"password": "hash", "last_login": "", "is_superuser": "", "first_name": "given", "last_name": "", "email": "",
		"is_staff": "", "is_active": "", "date_joined": "since",
	},
	Extra:    []string{"user", "n", "at"},
	Defaults: map[string]any{"n": 7},
}

const bareTable = `CREATE TABLE "order" ("select" KEY, "phone" varchar(20) NOT NULL UNIQUE, "hash" varchar(128) NOT NULL,
	"given" varchar(10) NULL, "since" TIME NOT NULL, "user" varchar(20) NULL, "n" integer NOT NULL, "at" TIME NULL)`

// create creates a table, whose statement is written for PostgreSQL with KEY and
// TIME for the types that differ.
func (e engine) create(t *testing.T, where testenv.Database, statement string) {
	t.Helper()
	words := map[string][]string{
		"sqlite":   {"KEY", "integer PRIMARY KEY AUTOINCREMENT", "TIME", "datetime"},
		"postgres": {"KEY", "bigserial PRIMARY KEY", "TIME", "timestamptz"},
		"mysql":    {"KEY", "bigint AUTO_INCREMENT PRIMARY KEY", "TIME", "datetime(6)", `"`, "`"},
	}[e.name]
	db := e.reopen(t, where, nil)
	_, err := db.SQL().ExecContext(t.Context(), strings.NewReplacer(words...).Replace(statement))
	must(t, err)
}

// openModel opens a database with a user model.
func (e engine) openModel(t *testing.T, where testenv.Database, m database.UserModel) (*database.DB, error) {
	t.Helper()
	db, err := map[string]interface {
		Open(ctx context.Context) (*database.DB, error)
	}{
		"sqlite":   sqlite.Config{DSN: where.DSN(), UserModel: m},
		"postgres": postgres.Config{DSN: where.DSN(), UserModel: m},
		"mysql":    mysql.Config{DSN: where.DSN(), UserModel: m},
	}[e.name].Open(t.Context())
	if err == nil {
		t.Cleanup(func() { must(t, db.Close()) })
	}
	return db, err
}

func TestBareUserModel(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where, ctx := e.fresh(t), t.Context()
		e.create(t, where, bareTable)
		db, err := e.openModel(t, where, bareModel)
		must(t, err)
		u := &database.User{Username: "+44 1", FirstName: "Ada", Password: "md5$a$b", IsActive: true}
		u.SetExtra("user", "ünï")
		at := time.Date(2026, 1, 2, 3, 4, 5, 600000, time.UTC)
		u.SetExtra("at", at)
		must(t, db.CreateUser(ctx, u))
		got, err := db.UserByID(ctx, u.ID)
		must(t, err)
		if got.Username != "+44 1" || got.FirstName != "Ada" || got.Password != "md5$a$b" || !got.IsActive || got.IsSuperuser ||
			got.LastName != "" || got.Email != "" || got.DateJoined.IsZero() || !got.LastLogin.IsZero() {
			t.Errorf("%+v", got)
		}
		var text string
		var n int64
		var seen time.Time
		must(t, errors.Join(got.ScanExtra("user", &text), got.ScanExtra("n", &n), got.ScanExtra("at", &seen)))
		if text != "ünï" || n != 7 || !seen.Equal(at) {
			t.Errorf("%q %d %v", text, n, seen)
		}
		if err := db.CreateUser(ctx, &database.User{Username: "+44 1", IsActive: true}); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("a second one: %v", err)
		}
		bareUpdates(t, db, got)
		bareLacks(t, db, got)
		must(t, db.DeleteUser(ctx, got.ID))
		if _, err := db.UserByUsername(ctx, "+44 1"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}

func bareUpdates(t *testing.T, db *database.DB, u *database.User) {
	t.Helper()
	ctx := t.Context()
	copied := *u
	u.FirstName = "Augusta"
	u.SetExtra("n", 8)
	u.SetExtra("user", nil)
	must(t, db.UpdateUser(ctx, u))
	must(t, db.SetPassword(ctx, u.ID, "md5$c$d"))
	swapped, err := db.ReplacePassword(ctx, u.ID, "md5$c$d", "md5$e$f")
	must(t, err)
	again, err := db.UserByUsernameFold(ctx, "+44 1")
	must(t, err)
	for name, of := range map[string]*database.User{"the object": u, "read again": again} {
		var n int
		var text sql.NullString
		must(t, errors.Join(of.ScanExtra("n", &n), of.ScanExtra("user", &text)))
		if n != 8 || text.Valid || of.FirstName != "Augusta" {
			t.Errorf("%s: n %d, user %v, %s", name, n, text, of.FirstName)
		}
	}
	if !swapped || again.Password != "md5$e$f" {
		t.Errorf("the password is %q, swapped %v", again.Password.Encoded(), swapped)
	}
	var n int
	if must(t, copied.ScanExtra("n", &n)); n != 7 {
		t.Errorf("a copy from before reads %d", n)
	}
}

// bareLacks: what the model does not have reads as nothing, and is refused when
// written.
func bareLacks(t *testing.T, db *database.DB, u *database.User) {
	t.Helper()
	ctx := t.Context()
	must(t, db.SetLastLogin(ctx, u.ID, time.Now()))
	own, byGroup, err := db.PermissionsOf(ctx, u.ID)
	must(t, err)
	groups, err := db.UserGroups(ctx, u.ID)
	must(t, err)
	byMail, err := db.UsersByEmail(ctx, "a@example.com")
	must(t, err)
	if len(own)+len(byGroup)+len(groups)+len(byMail) > 0 {
		t.Errorf("%v %v %v %v", own, byGroup, groups, byMail)
	}
	if err := db.GrantUser(ctx, u.ID, "auth.add_group"); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("GrantUser: %v", err)
	}
	group := &database.Group{Name: "g"}
	must(t, db.CreateGroup(ctx, group))
	if err := db.AddToGroup(ctx, u.ID, group.ID); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("AddToGroup: %v", err)
	}
	must(t, db.DeleteGroup(ctx, group.ID))
	for name, change := range map[string]func(*database.User){
		"email": func(u *database.User) { u.Email = "a@example.com" }, "is_superuser": func(u *database.User) { u.IsSuperuser = true },
		"is_active": func(u *database.User) { u.IsActive = false }, "last_name": func(u *database.User) { u.LastName = "x" },
		"is_staff": func(u *database.User) { u.IsStaff = true }, "shoe": func(u *database.User) { u.SetExtra("shoe", 1) },
	} {
		changed := *u
		change(&changed)
		if err := db.UpdateUser(ctx, &changed); !errors.Is(err, database.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScanExtra(t *testing.T) {
	e := engines[0]
	where := e.fresh(t)
	e.create(t, where, bareTable)
	db, err := e.openModel(t, where, bareModel)
	must(t, err)
	u := &database.User{Username: "x", IsActive: true}
	u.SetExtra("user", "yes")
	must(t, db.CreateUser(t.Context(), u))
	for name, dest := range map[string]any{
		"int": new(int), "bool": new(bool), "float": new(float64), "int64": new(int64), "time": new(time.Time), "chan": new(chan int),
	} {
		if err := u.ScanExtra("user", dest); err == nil || !strings.Contains(err.Error(), `"user"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var raw json.RawMessage
	var when time.Time
	must(t, errors.Join(u.ScanExtra("user", &raw), u.ScanExtra("at", &when)))
	if string(raw) != "yes" || !when.IsZero() {
		t.Errorf("%s %v", raw, when)
	}
	for name, of := range map[string]database.User{"of no database": {ID: "1"}, "anonymous": {}} {
		if err := of.ScanExtra("user", new(string)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := u.ScanExtra("hash", new(string)); err == nil {
		t.Error("a column that is not extra was read")
	}
}

func TestUserModelMistakes(t *testing.T) {
	for want, m := range map[string]database.UserModel{
		`"auth user"`:        {Table: "auth user"},
		`"x\" --"`:           {Table: `x" --`},
		`"1x"`:               {UsernameColumn: "1x"},
		`"é"`:                {Extra: []string{"é"}},
		`""`:                 {Table: "u", Extra: []string{""}},
		"63 characters":      {Table: strings.Repeat("x", 64)},
		"IDType":             {IDType: 9},
		`"nickname"`:         {Columns: map[string]string{"nickname": "x"}},
		"set UsernameColumn": {Columns: map[string]string{"username": "x"}},
		"the password":       {Columns: map[string]string{"password": ""}},
		`"email" twice`:      {Extra: []string{"email"}},
		`"id" twice`:         {UsernameColumn: "id"},
		`"a" twice`:          {Columns: map[string]string{"first_name": "a", "last_name": "a"}},
		"Defaults":           {Defaults: map[string]any{"x": 1}},
	} {
		_, err := sqlite.Config{DSN: ":memory:", UserModel: m}.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestUserModelDefaults(t *testing.T) {
	db := engines[0].db(t)
	got := db.UserModel()
	if want := (database.UserModel{Table: "auth_user", Model: "user", IDColumn: "id", UsernameColumn: "username"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got.UsernameIsEmail() {
		t.Error("Django's own model signs in by e-mail address")
	}
	for column, m := range map[string]database.UserModel{
		"email": {UsernameColumn: "email"}, "mail": {UsernameColumn: "mail", Columns: map[string]string{"email": "mail"}},
	} {
		if !m.UsernameIsEmail() {
			t.Errorf("%s does not", column)
		}
	}
	u := user(t, db, "ada")
	if err := u.ScanExtra("company", new(string)); err == nil {
		t.Error("Django's own model has a company")
	}
	u.SetExtra("company", "x")
	if err := db.UpdateUser(t.Context(), u); !errors.Is(err, database.ErrInvalid) {
		t.Errorf("a company was stored: %v", err)
	}
}

// The statements for Django's own model name its tables, and those for another
// none of them.
func TestUserModelStatements(t *testing.T) {
	e := engines[0]
	where := e.fresh(t)
	e.create(t, where, bareTable)
	own, err := e.openModel(t, where, bareModel)
	must(t, err)
	for _, one := range []struct {
		db   *database.DB
		want string
	}{{e.db(t), "auth_user"}, {own, `"order"`}} {
		statements := map[string]bool{}
		db := one.db.Recording(func(text string) { statements[text] = true })
		u := &database.User{Username: "ada", IsActive: true}
		must(t, errors.Join(db.CreateUser(t.Context(), u), db.UpdateUser(t.Context(), u), db.SetPassword(t.Context(), u.ID, "x")))
		for _, statement := range slices.Sorted(maps.Keys(statements)) {
			if !strings.Contains(statement, one.want) {
				t.Errorf("%s is not in %s", one.want, statement)
			}
		}
	}
}
