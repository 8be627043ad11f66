package auth_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/signing"
)

type customer struct {
	auth.User
	Visits  int    `column:"visits"`
	Company string `column:"company"`
	Basket  []string
}

func TestAs(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "as.db")
	plain, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for _, statement := range []string{
		"ALTER TABLE auth_user ADD COLUMN company text NOT NULL DEFAULT 'none'", "ALTER TABLE auth_user ADD COLUMN visits integer NULL",
	} {
		if _, err := plain.SQL().ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Config{DSN: path, UserModel: database.UserModel{Extra: []string{"company", "visits"}}}.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := auth.New(auth.Config{Users: db, Keys: signing.Keys{Secret: "some key"}})
	if err != nil {
		t.Fatal(err)
	}
	user, err := s.CreateUser(ctx, auth.NewUser{Username: "ada", Extra: map[string]any{"visits": 3}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := auth.As[customer](user)
	if err != nil || c.Company != "none" || c.Visits != 3 || c.Username != "ada" || !c.IsAuthenticated() || c.Basket != nil {
		t.Errorf("%+v, %v", c, err)
	}
	if nobody, err := auth.As[customer](auth.AnonymousUser()); err != nil || nobody.IsAuthenticated() || nobody.Company != "" {
		t.Errorf("%+v, %v", nobody, err)
	}
	asFails[struct{ Visits int }](t, user, "does not embed auth.User")
	asFails[int](t, user, "does not embed auth.User")
	asFails[struct{ *auth.User }](t, user, "does not embed auth.User")
	asFails[struct {
		auth.User
		_ int `column:"visits"`
	}](t, user, "must be exported")
	asFails[struct {
		auth.User
		Shoe int `column:"shoe"`
	}](t, user, `"shoe" is not in UserModel.Extra`)
	asFails[struct {
		auth.User
		Visits int `column:"company"`
	}](t, user, `"company"`)
}

func asFails[T any](t *testing.T, user *auth.User, want string) {
	t.Helper()
	if _, err := auth.As[T](user); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%T: %v, want %s", *new(T), err, want)
	}
}
