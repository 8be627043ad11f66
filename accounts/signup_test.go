package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
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

// TestSignupAgain: the token sends the same email again within an hour, another one does not, and
// an account that is too large for a token has none.
func TestSignupAgain(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	again, err := r.Accounts.BeginSignup(ctx, newcomer("eve"), "")
	if err != nil || strings.Contains(again, "eve") {
		t.Fatalf("%q, %v", again, err)
	}
	if err := r.Accounts.RepeatSignup(ctx, again, "de"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "x", again[1:], again + "A", strings.Repeat("x", 1<<20)} {
		if err := r.Accounts.RepeatSignup(ctx, bad, ""); !errors.Is(err, accounts.ErrLink) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	r.Accounts.SetNow(func() time.Time { return time.Now().Add(time.Hour) })
	if err := r.Accounts.RepeatSignup(ctx, again, ""); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("after an hour: %v", err)
	}
	large := newcomer("long")
	large.FirstName = strings.Repeat("a", 150)
	large.Email = strings.Repeat("b", 60) + "@" + strings.Repeat("c", 60) + ".example.com"
	if again, err = r.Accounts.BeginSignup(ctx, large, ""); err != nil || again == "" || len(again) > 2048 {
		t.Errorf("a large account: %d characters, %v", len(again), err)
	}
}
