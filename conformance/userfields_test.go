package conformance_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/userfields"
)

// peopleFields are those of django/people/models.py.
var peopleFields = []userfields.Field{
	{Name: "company", MaxLength: 30, Required: true},
	{Name: "born", Type: userfields.Date, Label: "date of birth"},
	{Name: "staff_count", Type: userfields.Integer},
	{Name: "shirt", Type: userfields.Integer, Required: true},
	{Name: "news", Type: userfields.Boolean},
	{
		Name: "plan", Type: userfields.Choice, Default: "free",
		Choices: []userfields.Option{{Value: "free", Label: "For free"}, {Value: "team"}},
	},
	{Name: "motto", MaxLength: 100, Null: true},
}

// person reads a user in manage.py shell.
const person = `
import json
from people.models import User
u = User.objects.get(username="ada")
u.full_clean()
print()
print(json.dumps([u.company, str(u.born), u.staff_count, u.shirt, u.news, u.plan, u.motto, u.check_password("` + somePassword + `")]))
u.company, u.motto, u.born = "Django & Co.", "Ünïcode", None
u.save()
`

// TestUserFieldsColumns: the columns of fields are those that Django's own migration creates,
// whether Coatcheck creates them with the table or adds them later.
func TestUserFieldsColumns(t *testing.T) {
	t.Parallel()
	versions := testenv.Djangos(t)
	version := versions[len(versions)-1]
	model := database.UserModel{Fields: slices.Clone(peopleFields)}
	model.Fields[3].Default = "40" // for the users that there are
	for i, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			theirs := newTwin(t, version, db, "AUTH_USER_MODEL=people.User")
			theirs.Manage("migrate", "-v", "0")
			want := inspected(theirs)
			for _, later := range []bool{false, true} {
				ours := testenv.Databases(t)[i]
				if later {
					openDatabase(t, ours, database.UserModel{})
				}
				openDatabase(t, ours, model)
				got := inspected(newTwin(t, version, ours, "AUTH_USER_MODEL=people.User"))
				if !slices.Equal(got, want) {
					t.Errorf("added later: %v; Django sees\n%s\nwant\n%s", later, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			if site := openDatabase(t, db, model); len(site.Created()) == 0 || strings.Contains(strings.Join(site.Created(), " "), "column") {
				t.Errorf("in Django's database we %q", site.Created())
			}
		})
	}
}

// inspected are the columns of auth_user as Django's inspectdb reads them, sorted.
func inspected(tw *twin) []string {
	var columns []string
	for line := range strings.Lines(tw.Manage("inspectdb", "auth_user")) {
		if line = strings.TrimSpace(line); strings.Contains(line, " = models.") {
			columns = append(columns, line)
		}
	}
	slices.Sort(columns)
	return columns
}

// TestUserFieldsRead: a real Django reads and writes the rows that the sign-up page makes in
// a database without a Django, by a model with these fields.
func TestUserFieldsRead(t *testing.T) {
	t.Parallel()
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			p := pair{own: newOwnWith(t, db, database.UserModel{Fields: peopleFields}), db: db}
			user := fields{
				"username": "ada", "password": somePassword, "company": "Ünïcode ☃ & Söhne", "born": "1815-12-10",
				"shirt": -7, "news": true, "motto": "", "is_staff": true,
			}
			b := newBrowser(t)
			b.wants(b.post(p.own.URL("/accounts/signup/"), user), http.StatusCreated)
			for i, version := range testenv.Djangos(t) {
				out := newTwin(t, version, db, "AUTH_USER_MODEL=people.User").Manage("shell", "-c", person)
				lines := strings.Split(strings.TrimSpace(out), "\n")
				want := `["\u00dcn\u00efcode \u2603 & S\u00f6hne", "1815-12-10", null, -7, true, "free", null, true]`
				if i > 0 { // after the first one has saved
					want = `["Django & Co.", "None", null, -7, true, "free", "\u00dcn\u00efcode", true]`
				}
				if got := lines[len(lines)-1]; got != want {
					t.Errorf("Django %s reads %s\nwant %s", version, got, want)
				}
			}
			b.wants(b.post(p.own.URL("/accounts/login/"), fields{"username": "ada", "password": somePassword}), http.StatusOK)
			got := b.wants(b.get(p.own.URL("/accounts/profile/")), http.StatusOK)
			var said struct {
				User struct{ Fields json.RawMessage }
			}
			must(t, json.Unmarshal([]byte(got.body), &said))
			const want = `{"born":null,"company":"Django & Co.","motto":"Ünïcode","news":true,"plan":"free","shirt":-7,"staff_count":null}`
			if !sameJSON(said.User.Fields, want) {
				t.Errorf("we read %s, want %s", said.User.Fields, want)
			}
		})
	}
}

// TestUserFieldsOfADjango: in a Django's table a column that is missing is an error that
// names it, and nothing is altered.
func TestUserFieldsOfADjango(t *testing.T) {
	t.Parallel()
	versions := testenv.Djangos(t)
	for _, db := range testenv.Databases(t) {
		newTwin(t, versions[len(versions)-1], db).Manage("migrate", "-v", "0")
		_, err := open(t, db, database.UserModel{Fields: peopleFields[:2]})
		if err == nil || !strings.Contains(err.Error(), "company, born") || !strings.Contains(err.Error(), "makemigrations") {
			t.Errorf("%s: %v", db.Engine, err)
		}
		user := auth.NewUser{Username: "ada", Password: somePassword}
		if _, err := newOwn(t, db).site.Auth.CreateUser(t.Context(), user); err != nil {
			t.Errorf("%s: without the fields: %v", db.Engine, err)
		}
	}
}
