package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
)

// The first login sends nothing, one from a browser that is not known sends an email
// whose link ends that session alone, and one from a known browser sends nothing.
func TestNewDevice(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := newWhole(t, on(db))
		s.user(t, "ada")
		desk := s.enter(t, "ada", firefox)
		if mails := s.deliver(t); len(mails) > 0 {
			t.Fatalf("the first login sends %v", subjects(mails))
		}
		desk.form("/accounts/logout/")
		desk.login("ada").wantRedirect(t, "/accounts/profile/")
		if mails := s.deliver(t); len(mails) > 0 {
			t.Fatalf("a known browser sends %v", subjects(mails))
		}
		phone := s.enter(t, "ada", safari)
		link := s.letter(t, "ada@example.com", "New sign-in")
		stranger := s.browser(t)
		if text := stranger.get(link).page(t).one("main").text(); !strings.Contains(text, "You are signed out everywhere, here too") {
			t.Error(text)
		}
		if text := stranger.form(link).page(t).one("main").text(); !strings.Contains(text, "You are signed out everywhere") {
			t.Error(text)
		}
		phone.wantIn(false)
		desk.wantIn(false)
		if reset := s.letter(t, "ada@example.com", "Choose a new password"); !strings.HasPrefix(reset, "/accounts/reset/") {
			t.Errorf("the link is %q", reset)
		}
		if a := phone.login("ada"); a.StatusCode != http.StatusOK { // the form again
			t.Errorf("the password that somebody else knew opens the account: %d", a.StatusCode)
		}
	})
}

// A notice that cannot be queued fails no login, and is in the log.
func TestNewDeviceWhenTheQueueIsGone(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	s.enter(t, "ada", firefox)
	if _, err := s.db.SQL().ExecContext(t.Context(), "DROP TABLE coatcheck_notice"); err != nil {
		t.Fatal(err)
	}
	s.enter(t, "ada", safari).wantIn(true)
	if !strings.Contains(output.String(), "a user could not be told of a new device") {
		t.Error("the log says nothing")
	}
}

// Where no email is sent there is nothing to be told, and where no browser is known
// every login would be.
func TestNoNoticeOfDevices(t *testing.T) {
	for name, change := range map[string]func(*coatcheck.Config){
		"no mail":       func(c *coatcheck.Config) { c.Accounts.Mail = nil },
		"no throttling": func(c *coatcheck.Config) { c.Logins.ThrottleOff = true },
	} {
		s := newWhole(t, change)
		s.user(t, "ada")
		s.enter(t, "ada", firefox)
		s.enter(t, "ada", safari)
		if n := s.count(t, "coatcheck_mail"); n != 0 {
			t.Errorf("%s: %d mails", name, n)
		}
	}
}
