package accounts_test

import (
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/mail"
)

// named wants a name in both forms of an email, or in none of them.
func named(t *testing.T, m mail.Message, name string, want bool) {
	t.Helper()
	for _, text := range []string{m.Text, m.HTML, m.Subject + m.Text} {
		if strings.Contains(text, name) != want {
			t.Errorf("%s: %q is in it: %v, want %v: %s", m.Subject, name, !want, want, text)
		}
	}
	if strings.Contains(m.Text, "Hello ,") || !want && !strings.HasPrefix(m.Text, "Hello,\n") {
		t.Errorf("the greeting: %s", m.Text)
	}
}

// TestNamesAreNoLinks: anyone who signs up with the address of somebody else chooses the name,
// and email programs make a link of one such as these.
func TestNamesAreNoLinks(t *testing.T) {
	for _, name := range []string{
		"evil.example", "www.win.example", "a@evil.example", "https://evil", "evil．example", "http:evil", "..evil.example..",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			user := &auth.User{Username: name, Email: "ada@example.com", Password: "x", IsActive: true}
			if err := r.Database.CreateUser(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			user, err := r.Auth.UserByUsername(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Accounts.RequestReset(t.Context(), user.Email, ""); err != nil {
				t.Fatal(err)
			}
			named(t, r.one(user.Email, "Password reset"), "evil", false)
			if _, err := r.Accounts.BeginSignup(t.Context(), newcomer("ada"), ""); err != nil {
				t.Fatal(err)
			}
			exists := r.one(user.Email, "You have an account")
			named(t, exists, "evil", false)
			if !strings.Contains(strings.ReplaceAll(exists.Text, "\n", " "), "It has an account already.") {
				t.Error(exists.Text)
			}
			if err := r.Accounts.ResetPassword(r.request(), user, another); err != nil {
				t.Fatal(err)
			}
			named(t, r.one(user.Email, "was changed"), "evil", false)
		})
	}
}

// TestNamesOfOneself: a name that cannot be a link is in the greeting, and so is the
// reader's own address. An email to an address that is not confirmed has no name.
func TestNamesOfOneself(t *testing.T) {
	own := mails(map[string]string{"signup_confirm.txt": "For {{.Username}}!\n\n{{.Greeting}}\n\n=> Go"})
	r := newRig(t, func(c *coatcheck.Config) { c.Accounts.Templates = own })
	for _, name := range []string{"ada", "ada_love-lace.", "me@example.com"} {
		user := &auth.User{Username: name, Email: "ME@example.com", Password: "x", IsActive: true}
		if err := r.Database.CreateUser(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		if err := r.Accounts.ResetPassword(r.request(), user, another); err != nil {
			t.Fatal(err)
		}
		named(t, r.one(user.Email, "was changed"), "Hello "+name+",", true)
	}
	if _, err := r.Accounts.BeginSignup(t.Context(), newcomer("winner"), ""); err != nil {
		t.Fatal(err)
	}
	m := r.one("winner@example.com", "For !")
	named(t, m, "Hello winner", false)
	ada := r.CreateUser("grace", canary)
	if _, err := r.Accounts.BeginEmailChange(r.request(), ada, "stranger@example.com"); err != nil {
		t.Fatal(err)
	}
	mails := r.deliver()
	named(t, r.only(mails, "stranger@example.com", "Confirm your new address"), "grace", false)
	named(t, r.only(mails, "grace@example.com", "is about to change"), "Hello grace,", true)
}
