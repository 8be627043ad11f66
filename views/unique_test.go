package views_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/views"
)

// Spellings of one name, and of one mailbox.
var (
	spelledNames = [][]string{
		{"Alise", "alise", "ALISE", "aLISE", "ＡＬＩＳＥ", "aliſe"},
		{"straße", "STRASSE", "Strasse", "STRAẞE"},
		{"Юлия", "юлия", "ЮЛИЯ"},
	}
	spelledMailboxes = []string{"me@münchen.example", "ME@München.example", "me@xn--mnchen-3ya.example"}
)

// rivals is how many requests are made at once.
const rivals = 12

// onlyOne wants one of the requests to have created the account, and the others to be
// refused because there is one.
func (s *site) onlyOne(t *testing.T, what string, before int, count map[int]int) {
	t.Helper()
	if users := s.count(t, "auth_user") - before; users != 1 || count[201] != 1 || count[409] != rivals-1 {
		t.Errorf("%s: %d users, statuses %v", what, users, count)
	}
}

// TestSignupSpellings: of all spellings of a name that are signed up at once, one gets
// an account.
func TestSignupSpellings(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		for round := range 4 {
			for _, names := range spelledNames {
				before := s.count(t, "auth_user")
				s.onlyOne(t, names[0], before, together(rivals, func(i int) int {
					name := fmt.Sprint(names[i%len(names)], round)
					return s.program(t).form("/accounts/signup/", "username", name, "password", canary).StatusCode
				}))
			}
		}
		if a := s.program(t).form("/accounts/signup/", "username", "ａlise0", "password", canary); a.StatusCode != 409 {
			t.Errorf("later: %d %s", a.StatusCode, a.text)
		}
	})
}

// asked signs up by a confirmed address and returns the path of the link.
func (s *site) asked(t *testing.T, name, email string) string {
	t.Helper()
	if a := s.program(t).form("/accounts/signup/", "username", name, "email", email, "password", canary); a.StatusCode != 200 {
		t.Fatalf("%s: %d %s", name, a.StatusCode, a.text)
	}
	mails := s.deliver(t)
	if len(mails) != 1 {
		t.Fatalf("mails: %v", subjects(mails))
	}
	found := linkPattern.FindStringSubmatch(mails[0].Text)
	if found == nil {
		t.Fatal(mails[0].Text)
	}
	return found[1]
}

// TestSignupConfirmSpellings: of the links for all spellings of a name, and of those
// for one mailbox, that are confirmed at once, one creates an account. The others stay
// good, and say why they did nothing.
func TestSignupConfirmSpellings(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db, verified)
		confirm := func(what, says string, ask func(i int) string) {
			t.Helper()
			before, paths := s.count(t, "auth_user"), make([]string, rivals)
			for i := range rivals {
				paths[i] = ask(i)
			}
			s.onlyOne(t, what, before, together(rivals, func(i int) int { return s.program(t).form(paths[i]).StatusCode }))
			good := 0
			for _, path := range paths {
				if s.program(t).get(path).StatusCode != 200 {
					continue
				}
				if a := s.program(t).form(path); a.StatusCode == 409 && strings.Contains(a.text, says) {
					good++
				}
			}
			if good != rivals-1 {
				t.Errorf("%s: %d links are good", what, good)
			}
		}
		for round, names := range spelledNames {
			confirm(names[0], "Another user took this username", func(i int) string {
				return s.asked(t, names[i%len(names)], fmt.Sprintf("%d.%d@example.com", round, i))
			})
		}
		confirm("mailbox", "You have an account already", func(i int) string {
			return s.asked(t, fmt.Sprint("user", i), spelledMailboxes[i%len(spelledMailboxes)])
		})
	})
}

// TestInvitationSpellings: likewise with invitations, also when one mailbox was invited
// several times.
func TestInvitationSpellings(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db, func(c *views.Config) { c.SignupInvitation = true })
		accept := func(what, mailbox string, name func(i int) string) {
			t.Helper()
			before, paths := s.count(t, "auth_user"), make([]string, rivals)
			for i := range rivals {
				email := ""
				if mailbox != "" {
					email = spelledMailboxes[i%len(spelledMailboxes)]
				}
				paths[i] = strings.TrimPrefix(must(s.accounts.Invite(t.Context(), email, "")), baseURL)
			}
			s.onlyOne(t, what, before, together(rivals, func(i int) int {
				return s.program(t).form(paths[i], "username", name(i), "password", canary).StatusCode
			}))
		}
		for _, names := range spelledNames {
			accept(names[0], "", func(i int) string { return names[i%len(names)] })
		}
		accept("mailbox", spelledMailboxes[0], func(i int) string { return fmt.Sprint("user", i) })
		path := strings.TrimPrefix(must(s.accounts.Invite(t.Context(), spelledMailboxes[1], "")), baseURL)
		if a := s.program(t).form(path, "username", "late", "password", canary); !strings.Contains(a.text, "User with this Email address already exists.") {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	})
}

// TestSignupMailboxMayBeShared without confirmation, as in Django: an address proves
// nothing then.
func TestSignupMailboxMayBeShared(t *testing.T) {
	s := newMailSite(t)
	for i, email := range spelledMailboxes {
		if a := s.program(t).form("/accounts/signup/", "username", fmt.Sprint("user", i), "email", email, "password", canary); a.StatusCode != 201 {
			t.Errorf("%s: %d %s", email, a.StatusCode, a.text)
		}
	}
}

// TestSignupAddressOfAnInactiveUser: that user's mailbox has an account.
func TestSignupAddressOfAnInactiveUser(t *testing.T) {
	s := newMailSite(t, verified)
	s.addUser(t, auth.NewUser{Username: "ada", Email: "ada@example.com", Inactive: true})
	s.program(t).form("/accounts/signup/", "username", "eve", "email", "ADA@example.com", "password", canary)
	s.letter(t, "ada@example.com", "You have an account on The Shop already")
}

// TestAddressesThatNoMailerAccepts are refused by each form that leads to an email.
func TestAddressesThatNoMailerAccepts(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	p := s.program(t)
	p.login("ada")
	confirmed := newMailSite(t, verified)
	for _, email := range []string{`"ab"@example.com`, "a@[192.0.2.1]", strings.Repeat("a", 65) + "@example.com"} {
		for what, a := range map[string]*answer{
			"signup":    s.program(t).form("/accounts/signup/", "username", "eve", "email", email, "password", canary),
			"confirmed": confirmed.program(t).form("/accounts/signup/", "username", "eve", "email", email, "password", canary),
			"reset":     s.program(t).form("/accounts/password_reset/", "email", email),
			"change":    p.form("/accounts/email/", "email", email, "password", canary),
		} {
			if a.StatusCode != 400 || !strings.Contains(a.text, "Enter a valid email address.") {
				t.Errorf("%s: %s: %d %s", what, email, a.StatusCode, a.text)
			}
		}
		if _, err := s.accounts.Invite(t.Context(), email, ""); err != identity.ErrInvalidEmail {
			t.Errorf("invite: %v", err)
		}
	}
	if mails := append(s.deliver(t), confirmed.deliver(t)...); len(mails) != 0 {
		t.Errorf("sent: %v", subjects(mails))
	}
	silent := newSite(t) // without emails Django's rule holds
	if a := silent.program(t).form("/accounts/signup/", "username", "eve", "email", `"ab"@example.com`, "password", canary); a.StatusCode != 201 {
		t.Errorf("no mail: %d %s", a.StatusCode, a.text)
	}
}
