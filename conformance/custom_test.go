package conformance_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// memberModel is django/accounts/models.py.
var memberModel = database.UserModel{
	Table: "accounts_member", IDType: database.UUIDID, UsernameColumn: "email",
	Columns: map[string]string{"first_name": "", "last_name": "", "date_joined": ""},
	Extra:   []string{"company", "employees", "score", "verified", "birthday", "seen", "badge", "settings"},
	// The pages know nothing of the required columns.
	Defaults: map[string]any{"company": "none", "employees": 0, "score": 0, "verified": false, "settings": "{}"},
}

// member reads all of them.
type member struct {
	auth.User
	Company   string          `column:"company"`
	Employees int             `column:"employees"`
	Score     float64         `column:"score"`
	Verified  bool            `column:"verified"`
	Birthday  time.Time       `column:"birthday"`
	Seen      time.Time       `column:"seen"`
	Badge     sql.NullString  `column:"badge"`
	Settings  json.RawMessage `column:"settings"`
}

// TestCustomUserTwins is TestTwins with a user model of the site's own: a UUID
// for a key, login by email address, fields that are not there and others that
// are required.
func TestCustomUserTwins(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		for _, db := range testenv.Databases(t) {
			t.Run(db.Engine, func(t *testing.T) {
				p := newCustomPair(t, version, db)
				for i, one := range scenarios { // in both orders, but not each on each database
					if (i+len(db.Engine))%2 == 0 {
						t.Run(one.name+", Django first", func(t *testing.T) { one.run(t, p.django, p.own, "dj "+one.name) })
					} else {
						t.Run(one.name+", Coatcheck first", func(t *testing.T) { one.run(t, p.own, p.django, "cc "+one.name) })
					}
				}
				t.Run("columns of Django's", func(t *testing.T) { columnsOfDjango(t, p) })
				t.Run("columns of Coatcheck's", func(t *testing.T) { columnsOfCoatcheck(t, p) })
				t.Run("permissions", func(t *testing.T) { customPermissions(t, p) })
				t.Run("reset links", func(t *testing.T) { customResetLinks(t, p) })
				t.Run("deleting", func(t *testing.T) { customDeleting(t, p) })
				t.Run("superuser by the command line", func(t *testing.T) { customSuperuser(t, p) })
				t.Logf("Django %s and Coatcheck agree on a custom user on %s", version, db.Engine)
			})
		}
	})
}

func newCustomPair(t *testing.T, version string, db testenv.Database) pair {
	t.Helper()
	p := pair{django: newTwin(t, version, db, "AUTH_USER_MODEL=accounts.Member"), db: db}
	p.django.Manage("migrate")
	p.own = newOwnWith(t, db, memberModel)
	for _, made := range p.own.site.Database.Created() {
		if !strings.Contains(made, "coatcheck") {
			t.Errorf("in Django's database we %s", made)
		}
	}
	p.django.Manage("migrate", "--check")
	p.django.Start()
	return p
}

// signUpMember creates a member on Django's side.
func signUpMember(t *testing.T, p pair, address string, extra fields) {
	t.Helper()
	b := newBrowser(t)
	user := fields{"username": address, "password": somePassword, "extra": extra}
	b.wants(b.post(p.django.URL("/accounts/signup/"), user), http.StatusCreated)
}

// columns is what Django sees of a member.
func (p pair) columns(t *testing.T, address string) fields {
	t.Helper()
	b := newBrowser(t)
	answer := b.wants(b.get(p.django.URL("/twin/columns/?username="+url.QueryEscape(address))), http.StatusOK)
	var seen fields
	if err := json.Unmarshal([]byte(answer.body), &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func columnsOfDjango(t *testing.T, p pair) {
	signUpMember(t, p, "full@example.com", fields{
		"company": "Ünïcode ☃ & Söhne", "employees": -7, "score": 0.1 + 0.2, "verified": true, "birthday": "1912-06-23",
		"seen": "2026-01-02T03:04:05.678901Z", "badge": "c0ffee00-0000-4000-8000-0000000000ff",
		"settings": fields{"deep": []any{1, "ü", nil}},
	})
	signUpMember(t, p, "scanty@example.com", fields{"company": "", "employees": 0})
	m := p.member(t, "full@example.com")
	if m.Company != "Ünïcode ☃ & Söhne" || m.Employees != -7 || m.Score != 0.1+0.2 || !m.Verified ||
		!m.Birthday.Equal(time.Date(1912, 6, 23, 0, 0, 0, 0, time.UTC)) ||
		!m.Seen.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)) ||
		strings.ReplaceAll(m.Badge.String, "-", "") != "c0ffee000000400080000000000000ff" ||
		!sameJSON(m.Settings, `{"deep":[1,"ü",null]}`) {
		t.Errorf("%+v", m)
	}
	if m.Email != "full@example.com" || m.Username != m.Email || !m.IsActive || m.FirstName != "" || !m.DateJoined.IsZero() {
		t.Errorf("%+v", m.User)
	}
	if seen := p.columns(t, "full@example.com"); seen["id"] != m.ID {
		t.Errorf("the id is %q here and %q at Django's", m.ID, seen["id"])
	}
	if m := p.member(t, "scanty@example.com"); m.Company != "" || m.Badge.Valid || !m.Birthday.IsZero() || !m.Seen.IsZero() || m.Verified || m.Score != 0 {
		t.Errorf("%+v", m)
	}
}

// member reads a member on our side.
func (p pair) member(t *testing.T, address string) *member {
	t.Helper()
	user, err := p.own.site.Auth.UserByUsername(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	m, err := auth.As[member](user)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sameJSON(a []byte, b string) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	first, _ := json.Marshal(x)
	second, _ := json.Marshal(y)
	return string(first) == string(second)
}

func columnsOfCoatcheck(t *testing.T, p pair) {
	ctx, accounts := t.Context(), p.own.site.Auth
	made, err := accounts.CreateUser(ctx, auth.NewUser{Email: "made@EXAMPLE.com", Password: somePassword, Extra: map[string]any{
		"company": "☃", "employees": 12, "score": 1.0 / 3, "verified": true, "birthday": "1912-06-23",
		"seen": time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), "badge": "c0ffee00000040008000000000000001",
		"settings": `{"a":[true]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := fields{
		"id": made.ID, "company": "☃", "employees": 12.0, "score": 1.0 / 3, "verified": true, "birthday": "1912-06-23",
		"seen": "2026-01-02T03:04:05.678Z", "badge": "c0ffee00-0000-4000-8000-000000000001", "settings": map[string]any{"a": []any{true}},
	}
	wantFields(t, p.columns(t, "made@example.com"), want)
	m, err := auth.As[member](made)
	if err != nil || m.Company != "☃" || m.Employees != 12 || m.Email != "made@example.com" {
		t.Errorf("what CreateUser gives: %+v, %v", m, err)
	}

	made.SetExtra("company", "another")
	made.SetExtra("badge", nil)
	if err := p.own.site.Database.UpdateUser(ctx, made); err != nil {
		t.Fatal(err)
	}
	want["company"], want["badge"] = "another", nil
	wantFields(t, p.columns(t, "made@example.com"), want)

	for name, one := range map[string]struct {
		user auth.NewUser
		want error
	}{
		"no such column":      {auth.NewUser{Email: "x1@example.com", Extra: map[string]any{"shoe_size": 46}}, database.ErrInvalid},
		"NULL":                {auth.NewUser{Email: "x2@example.com", Extra: map[string]any{"company": nil}}, database.ErrInvalid},
		"no first name":       {auth.NewUser{Email: "x3@example.com", FirstName: "Ada"}, database.ErrInvalid},
		"two addresses":       {auth.NewUser{Username: "x4@example.com", Email: "x5@example.com"}, database.ErrInvalid},
		"the same address":    {auth.NewUser{Email: "made@Example.com"}, auth.ErrUsernameTaken},
		"no address":          {auth.NewUser{}, identity.ErrUsernameRequired},
		"another's own badge": {auth.NewUser{Email: "x6@example.com", Extra: map[string]any{"badge": "c0ffee000000400080000000000000ff"}}, database.ErrDuplicate},
	} {
		if _, err := accounts.CreateUser(ctx, one.user); !errors.Is(err, one.want) || errors.Is(err, auth.ErrUsernameTaken) != (one.want == auth.ErrUsernameTaken) {
			t.Errorf("%s: %v, want %v", name, err, one.want)
		}
	}

	demanding := memberModel
	demanding.Defaults = map[string]any{"employees": 0, "score": 0, "verified": false, "settings": "{}"}
	err = openDatabase(t, p.db, demanding).CreateUser(ctx, &database.User{Username: "x7@example.com", IsActive: true})
	if !errors.Is(err, database.ErrInvalid) || !strings.Contains(err.Error(), "company") || !strings.Contains(err.Error(), "SetExtra") {
		t.Errorf("without the required company: %v", err)
	}
}

func wantFields(t *testing.T, got, want fields) {
	t.Helper()
	first, _ := json.Marshal(got)
	second, _ := json.Marshal(want)
	if string(first) != string(second) {
		t.Errorf("Django sees  %s\nwant %s", first, second)
	}
}

func customPermissions(t *testing.T, p pair) {
	ctx, db, b := t.Context(), p.own.site.Database, newBrowser(t)
	signUpMember(t, p, "may@example.com", fields{"company": "", "employees": 0})
	user, err := db.UserByUsername(ctx, "may@example.com")
	if err != nil {
		t.Fatal(err)
	}
	asked := fields{"username": "may@example.com", "group": "porters", "permission": "auth.add_group"}
	b.wants(b.post(p.django.URL("/twin/permissions/"), asked), http.StatusOK)
	if ok, err := p.own.site.Auth.HasPermission(ctx, user, "auth.add_group"); !ok || err != nil {
		t.Errorf("what Django grants to a group: %v, %v", ok, err)
	}
	group := &database.Group{Name: "keepers"}
	for _, err := range []error{
		db.CreateGroup(ctx, group), db.AddToGroup(ctx, user.ID, group.ID), db.AddToGroup(ctx, user.ID, group.ID),
		db.GrantGroup(ctx, group.ID, "auth.delete_group"), db.GrantUser(ctx, user.ID, "accounts.view_member"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	got := b.wants(b.get(p.django.URL("/twin/permissions-of/?username=may%40example.com")), http.StatusOK)
	if want := `{"groups": ["keepers", "porters"], "own": ["accounts.view_member"], "by_group": ["auth.add_group", "auth.delete_group"]}`; got.body != want {
		t.Errorf("Django sees  %s\nwant %s", got.body, want)
	}
	for _, err := range []error{
		db.RevokeUser(ctx, user.ID, "accounts.view_member"), db.RemoveFromGroup(ctx, user.ID, group.ID),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if got = b.get(p.django.URL("/twin/permissions-of/?username=may%40example.com")); got.body != `{"groups": ["porters"], "own": [], "by_group": ["auth.add_group"]}` {
		t.Errorf("Django sees %s", got.body)
	}
	if err := db.AddToGroup(ctx, "1", group.ID); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("a user whose id is no UUID: %v", err)
	}
}

// customResetLinks: the link of a member, whose id is a UUID, is good in the other
// application, no matter which created the member, and ids that are none are nobody's.
func customResetLinks(t *testing.T, p pair) {
	ctx, service := t.Context(), p.own.site.Auth
	signUpMember(t, p, "lost@example.com", fields{"company": "", "employees": 0})
	if _, err := service.CreateUser(ctx, auth.NewUser{Username: "mislaid@example.com", Password: somePassword}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	for _, address := range []string{"lost@example.com", "mislaid@example.com"} {
		user, err := service.UserByUsername(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		path, token := "/accounts/reset/"+resettoken.EncodeUID(user.ID)+"/", service.MakeResetToken(user)
		if got := b.wants(b.get(p.django.URL(path+token+"/")), http.StatusFound); got.location != path+"set-password/" {
			t.Errorf("Django leads our link of %s to %q", address, got.location)
		}
		b.wants(b.get(p.django.URL(path+token+"x/")), http.StatusOK) // the page that says no
		var theirs link
		out := p.django.Manage("shell", "-c", fmt.Sprintf(memberLink, address))
		lines := strings.Split(strings.TrimSpace(out), "\n")
		must(t, json.Unmarshal([]byte(lines[len(lines)-1]), &theirs))
		user, err = service.UserByUID(ctx, theirs.UID)
		if err != nil || user.Username != address || !service.CheckResetToken(user, theirs.Token) || service.CheckResetToken(user, theirs.Token+"x") {
			t.Errorf("Django's link of %s: %v, %v", address, user, err)
		}
	}
	for _, id := range []string{"1", "x", "00000000-0000-0000-0000-000000000000", strings.Repeat("0", 33)} {
		if _, err := service.UserByUID(ctx, resettoken.EncodeUID(id)); !errors.Is(err, auth.ErrNoUser) {
			t.Errorf("the id %q: %v", id, err)
		}
	}
}

// memberLink creates a member's link in manage.py shell.
const memberLink = `
import json
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
user = get_user_model()._default_manager.get_by_natural_key(%q)
print()
print(json.dumps({"UID": urlsafe_base64_encode(force_bytes(user.pk)), "Token": default_token_generator.make_token(user)}))
`

func customDeleting(t *testing.T, p pair) {
	ctx, db := t.Context(), p.own.site.Database
	signUpMember(t, p, "gone@example.com", fields{"company": "", "employees": 0})
	user, err := db.UserByUsernameFold(ctx, "GONE@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if byMail, err := db.UsersByEmail(ctx, "Gone@Example.com"); err != nil || len(byMail) != 1 || byMail[0].ID != user.ID {
		t.Errorf("by email: %v, %v", byMail, err)
	}
	if err := db.GrantUser(ctx, user.ID, "auth.add_group"); err != nil {
		t.Error(err)
	}
	if err := db.DeleteUser(ctx, user.ID); err != nil {
		t.Error(err)
	}
	if _, err := db.UserByID(ctx, user.ID); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("after deleting: %v", err)
	}
	b := newBrowser(t)
	again := fields{"username": "gone@example.com", "password": somePassword, "extra": fields{"company": "", "employees": 0}}
	b.wants(b.post(p.django.URL("/accounts/signup/"), again), http.StatusCreated)
}

// customSuperuser: one whom Coatcheck's command line made, told by flags where the
// users are, is let in by Django.
func customSuperuser(t *testing.T, p pair) {
	coatcheckCommand(t, p.db, []string{"DJANGO_SUPERUSER_PASSWORD=" + somePassword, "DJANGO_SUPERUSER_COMPANY=Boss & Co."},
		"createsuperuser", "--noinput", "--email", "Boss@EXAMPLE.com",
		"--user-table=accounts_member", "--user-id=uuid", "--username-column=email",
		"--user-column=first_name=", "--user-column=last_name=", "--user-column=date_joined=",
		"--user-default=company=none", "--user-default=employees=3", "--user-default=score=0.5", "--user-default=verified=0",
		"--user-default=settings={}")
	b := newBrowser(t)
	boss := fields{"username": "Boss@example.com", "password": somePassword}
	b.wants(b.post(p.django.URL("/accounts/login/"), boss), http.StatusOK)
	for _, s := range []side{p.django, p.own} {
		if got := b.get(s.URL("/twin/whoami/")); got.field("user") != "Boss@example.com" || got.field("is_superuser") != "true" {
			t.Errorf("%s", got.body)
		}
	}
	seen := p.columns(t, "Boss@example.com")
	if seen["company"] != "Boss & Co." || seen["employees"] != 3.0 || seen["score"] != 0.5 || seen["verified"] != false {
		t.Errorf("%v", seen)
	}
}

// TestCustomUserTableAbsent: the tables of a custom model are Django's to make,
// and we say so.
func TestCustomUserTableAbsent(t *testing.T) {
	for _, db := range testenv.Databases(t) {
		_, err := open(t, db, memberModel)
		if err == nil || !strings.Contains(err.Error(), "accounts_member") || !strings.Contains(err.Error(), "migrate") {
			t.Errorf("%s: %v", db.Engine, err)
		}
		all, err := openDatabase(t, db, database.UserModel{}).Groups(t.Context()) // nothing half-made stands in the way
		if err != nil || len(all) > 0 {
			t.Errorf("%s: %v, %v", db.Engine, all, err)
		}
	}
}
