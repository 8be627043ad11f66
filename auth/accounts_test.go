package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
)

func TestCreateUser(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	for _, tt := range []struct {
		name string
		new  auth.NewUser
		want auth.User
	}{
		{"plain", auth.NewUser{Username: "ada", Password: "secret", Email: "ada@example.com"}, auth.User{Username: "ada", Email: "ada@example.com", IsActive: true}},
		{"NFKC", auth.NewUser{Username: "ﬁona①", Password: "secret"}, auth.User{Username: "fiona1", IsActive: true}},
		{"domain", auth.NewUser{Username: "bob", Email: "  Bob@EXAMPLE.Com "}, auth.User{Username: "bob", Email: "Bob@example.com", IsActive: true}},
		{"all", auth.NewUser{Username: "c", FirstName: "Grace", LastName: "Hopper", IsStaff: true, Inactive: true}, auth.User{Username: "c", FirstName: "Grace", LastName: "Hopper", IsStaff: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now().Add(-time.Second)
			var made *auth.User
			response := b.must(func(req *http.Request) (err error) {
				made, err = r.CreateUser(req.Context(), tt.new)
				return err
			})
			if response.Header["Set-Cookie"] != nil || len(r.store.Sessions()) != 0 {
				t.Error("making a user made a session")
			}
			stored, err := r.db.UserByID(t.Context(), made.ID)
			if err != nil {
				t.Fatal(err)
			}
			for what, u := range map[string]*auth.User{"returned": made, "stored": stored} {
				ignore := cmpopts.IgnoreFields(auth.User{}, "ID", "Password", "DateJoined")
				if diff := cmp.Diff(&tt.want, u, ignore, cmpopts.IgnoreUnexported(auth.User{})); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
				if u.DateJoined.Before(start) || u.DateJoined.After(time.Now()) {
					t.Errorf("%s: joined %v", what, u.DateJoined)
				}
			}
			switch text := stored.Password.Encoded(); {
			case stored.Password != made.Password:
				t.Error("the returned user has another hash than the stored one")
			case tt.new.Password == "" && stored.Password.Usable():
				t.Error("without a password the account can be opened")
			case tt.new.Password != "" && (!strings.HasPrefix(text, "pbkdf2_sha256$1$") || strings.Contains(text, tt.new.Password)):
				t.Error("the password is not stored as a hash")
			}
		})
	}
}

func TestCreateSuperuser(t *testing.T) {
	r := newRig(t)
	u, err := r.CreateSuperuser(t.Context(), auth.NewUser{Username: "root", Password: "secret"})
	if err != nil || !u.IsSuperuser || !u.IsStaff || !u.IsActive {
		t.Fatalf("%+v %v", u, err)
	}
	if stored, err := r.UserByUsername(t.Context(), "root"); err != nil || !stored.IsSuperuser || !stored.IsStaff {
		t.Errorf("%+v %v", stored, err)
	}
}

func TestCreateUserRefuses(t *testing.T) {
	r := newRig(t)
	r.user("ada")
	r.user("fiona")
	for username, want := range map[string]error{"": identity.ErrUsernameRequired, "ada": auth.ErrUsernameTaken, "ﬁona": auth.ErrUsernameTaken} {
		u, err := r.CreateUser(t.Context(), auth.NewUser{Username: username, Password: "other"})
		if u != nil || !errors.Is(err, want) {
			t.Errorf("%q: %v, %v", username, u, err)
		}
		if _, err := r.CreateSuperuser(t.Context(), auth.NewUser{Username: username, Password: "other"}); !errors.Is(err, want) {
			t.Errorf("superuser %q: %v", username, err)
		}
	}
	if _, err := r.authenticate("ada", "secret"); err != nil {
		t.Errorf("the refused users changed the one that was there: %v", err)
	}
	for _, n := range []auth.NewUser{
		{Username: strings.Repeat("x", 151)},
		{Username: "nul\x00"},
		{Username: "x", FirstName: strings.Repeat("x", 151)},
		{Username: "x", Email: strings.Repeat("x", 250) + "@example.com"},
	} {
		if u, err := r.CreateUser(t.Context(), n); err == nil {
			t.Errorf("%v fits no column and was stored as %v", n, u)
		}
	}
}

func TestSetPassword(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	if err := r.SetPassword(t.Context(), ada, "changed"); err != nil {
		t.Fatal(err)
	}
	r.onlyNewWorks()
	if r.stored(ada.ID) != ada.Password {
		t.Error("the user object has not the new hash")
	}
	if err := r.SetPassword(t.Context(), ada, ""); err != nil || r.stored(ada.ID).Usable() {
		t.Errorf("no password: %v", err)
	}
	if err := r.SetPassword(t.Context(), &auth.User{ID: "99"}, "x"); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("a user who is not there: %v", err)
	}
}

func TestUserByUsername(t *testing.T) {
	r := newRig(t)
	r.user("Ada")
	for name, taken := range map[string]bool{"Ada": true, "ada": true, "ADA": true, "adam": false, "": false} {
		if got, err := r.UsernameTaken(t.Context(), name); got != taken || err != nil {
			t.Errorf("%q taken: %v, %v", name, got, err)
		}
		_, err := r.UserByUsername(t.Context(), name)
		if exact := name == "Ada"; exact != (err == nil) || !exact && !errors.Is(err, auth.ErrNoUser) {
			t.Errorf("%q: %v", name, err)
		}
	}
	r.users.failWith(errOutage)
	if _, err := r.UserByUsername(t.Context(), "Ada"); !errors.Is(err, errOutage) || errors.Is(err, auth.ErrNoUser) {
		t.Errorf("outage: %v", err)
	}
}
