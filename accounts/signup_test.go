package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/password/validate"
)

// observer learns of new passwords.
type observer struct{ seen *[]string }

func (observer) HelpText() string                                            { return "" }
func (observer) Validate(context.Context, string, validate.Attributes) error { return nil }
func (o observer) PasswordChanged(_ context.Context, raw string, user validate.Attributes) error {
	*o.seen = append(*o.seen, user["username"]+" "+raw)
	return nil
}

// TestInvitationTellsObservers of the new password, once the account exists.
func TestInvitationTellsObservers(t *testing.T) {
	var seen []string
	r := newRig(t, func(c *coatcheck.Config) { c.Passwords.Validators = []validate.Validator{observer{&seen}} })
	r.CreateUser("eve", another)
	url, err := r.Accounts.Invite(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	token := url[strings.LastIndex(strings.TrimSuffix(url, "/"), "/")+1 : len(url)-1]
	if _, err := r.Accounts.AcceptInvitation(t.Context(), token, newcomer("EVE")); !errors.Is(err, auth.ErrUsernameTaken) {
		t.Errorf("taken: %v", err)
	}
	if _, err := r.Accounts.AcceptInvitation(t.Context(), token, newcomer("ada")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"eve " + another, "ada " + canary}; !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
}

// TestConfirmedKeepsEverything that a new user has, or refuses it.
func TestConfirmedKeepsEverything(t *testing.T) {
	r := newRig(t)
	n := newcomer("ada")
	n.FirstName, n.LastName, n.IsStaff, n.Inactive = "Ada", "Lovelace", true, true
	if _, err := r.Accounts.BeginSignup(t.Context(), n, ""); err != nil {
		t.Fatal(err)
	}
	_, token := link(t, r.one("ada@example.com", "Confirm"))
	user, err := r.Accounts.ConfirmSignup(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(user.FirstName, " ", user.LastName, " ", user.IsStaff, " ", user.IsActive, " ", user.IsSuperuser)
	if want := "Ada Lovelace true false false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	n.Extra = map[string]any{"badge": "7"} // the model has no such column
	if _, err := r.Accounts.BeginSignup(t.Context(), n, ""); !errors.Is(err, database.ErrInvalid) {
		t.Errorf("own columns: %v", err)
	}
}

// TestInviteAs: the link belongs to the user who invites, and the operator's to nobody.
func TestInviteAs(t *testing.T) {
	r := newRig(t)
	ada := r.CreateUser("ada", canary)
	invite := map[string]func(email string) (string, error){
		ada.ID: func(email string) (string, error) { return r.Accounts.InviteAs(t.Context(), ada, email, "") },
		"":     func(email string) (string, error) { return r.Accounts.Invite(t.Context(), email, "") },
	}
	for owner, by := range invite {
		url, err := by("friend@example.com")
		if err != nil {
			t.Fatal(err)
		}
		path, _ := link(t, r.one("friend@example.com", "You are invited"))
		if !strings.HasSuffix(url, path) {
			t.Errorf("the email leads to %s, and not to %s", path, url)
		}
		var stored string
		row := r.Database.SQL().QueryRowContext(t.Context(), "SELECT user_id FROM coatcheck_link ORDER BY created DESC LIMIT 1")
		if err := row.Scan(&stored); err != nil || stored != owner {
			t.Errorf("the link is that of %q, want %q, %v", stored, owner, err)
		}
		if _, err := by("a b@example.com"); !errors.Is(err, identity.ErrInvalidEmail) {
			t.Errorf("no address: %v", err)
		}
	}
}
