package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/signing"
)

func messages(t *testing.T, err error) []string {
	t.Helper()
	var wrong validate.Errors
	if err != nil && !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	return wrong.Messages()
}

func TestServiceValidatePassword(t *testing.T) {
	u := &auth.User{Username: "ada", FirstName: "Augusta", LastName: "Lovelace", Email: "ada@example.com"}
	r := newRig(t)
	for raw, want := range map[string]string{
		"augusta1": "The password is too similar to the first name.", "lovelacE": "The password is too similar to the last name.",
		"ada@example.org": "The password is too similar to the email address.", "12": "This password is too short. It must contain at least 8 characters.",
		"correct horse": "",
	} {
		if got := messages(t, r.ValidatePassword(t.Context(), raw, u)); want == "" && len(got) > 0 || want != "" && !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if got := messages(t, r.ValidatePassword(t.Context(), "augusta1", nil)); len(got) > 0 {
		t.Errorf("without a user: %q", got)
	}
	if n := len(r.PasswordHelpTexts()); n != 4 {
		t.Errorf("%d help texts", n)
	}
	any := newRig(t, func(c *auth.Config) { c.Validators = []validate.Validator{} })
	if err := any.ValidatePassword(t.Context(), "", u); err != nil || len(any.PasswordHelpTexts()) != 0 {
		t.Errorf("without validators: %v", err)
	}
	_, err := auth.New(auth.Config{Users: r.users, Keys: signing.Keys{Secret: secretKey}, Validators: []validate.Validator{nil}})
	if err == nil || !strings.Contains(err.Error(), "Config.Validators: ") {
		t.Errorf("a validator that is nil: %v", err)
	}
}

// witness learns of new passwords.
type witness struct{ seen *[]string }

func (witness) HelpText() string                                            { return "" }
func (witness) Validate(context.Context, string, validate.Attributes) error { return nil }
func (w witness) PasswordChanged(_ context.Context, raw string, user validate.Attributes) error {
	*w.seen = append(*w.seen, user["username"]+" "+raw)
	return errors.New("witness: full")
}

// TestPasswordChanged: validators learn of each password that was stored, and
// their errors do not undo that.
func TestPasswordChanged(t *testing.T) {
	var seen []string
	r := newRig(t, func(c *auth.Config) { c.Validators = []validate.Validator{witness{&seen}} })
	u := r.user("ada")
	if err := r.SetPassword(t.Context(), u, "other"); err != nil {
		t.Fatal(err)
	}
	if err := r.SetPassword(t.Context(), u, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateUser(t.Context(), auth.NewUser{Username: "ada", Password: "secret"}); !errors.Is(err, auth.ErrUsernameTaken) {
		t.Fatal(err)
	}
	if want := []string{"ada secret", "ada other"}; !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
}

// modelled are users of a custom model with such columns.
type modelled struct {
	auth.Users
	model database.UserModel
}

func (m modelled) UserModel() database.UserModel { return m.model }

// TestValidateCustomUsers: the validators know the username under the name of
// its column, and the email address once where that is it.
func TestValidateCustomUsers(t *testing.T) {
	all := validate.UserAttributeSimilarity{Attributes: []string{"username", "badge", "email"}}
	for want, test := range map[string]struct {
		model database.UserModel
		user  auth.User
	}{
		"username":      {database.UserModel{}, auth.User{Username: "butterfly"}},
		"badge":         {database.UserModel{UsernameColumn: "badge"}, auth.User{Username: "butterfly"}},
		"email address": {database.UserModel{UsernameColumn: "email"}, auth.User{Email: "butterfly@example.com"}},
	} {
		s, err := auth.New(auth.Config{
			Users:      modelled{openDB(t), test.model},
			Passwords:  hashers(t, 1),
			Keys:       signing.Keys{Secret: secretKey},
			Validators: []validate.Validator{all},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := messages(t, s.ValidatePassword(t.Context(), "Butterfly", &test.user))
		if !slices.Equal(got, []string{"The password is too similar to the " + want + "."}) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

// TestValidateOwnColumns: the site's own columns of a user are known by their names.
func TestValidateOwnColumns(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "own.db")
	plain, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.SQL().ExecContext(ctx, "ALTER TABLE auth_user ADD COLUMN pet_name text NULL"); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Config{DSN: path, UserModel: database.UserModel{Extra: []string{"pet_name"}}}.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := auth.New(auth.Config{
		Users:      db,
		Passwords:  hashers(t, 1),
		Keys:       signing.Keys{Secret: secretKey},
		Logger:     quiet(),
		Validators: []validate.Validator{validate.UserAttributeSimilarity{Attributes: []string{"pet_name"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string]map[string]any{"ada": {"pet_name": "Mehitabel"}, "bea": nil} {
		user, err := s.CreateUser(ctx, auth.NewUser{Username: name, Extra: extra})
		if err != nil {
			t.Fatal(err)
		}
		got := messages(t, s.ValidatePassword(ctx, "mehitabel", user))
		if want := extra != nil; want != slices.Contains(got, "The password is too similar to the pet name.") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
