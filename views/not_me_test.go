package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// An address that somebody else put in comes back by the link in the email to the old
// one, in a browser where nobody is signed in, and every session ends.
func TestNotMePage(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	eve := s.enter(t, "ada", safari)
	eve.form("/accounts/email/", "email", "eve@example.com", "password", canary)
	eve.form(s.confirm(t, "eve@example.com", "ada@example.com")).wantRedirect(t, "/accounts/profile/")
	link := s.letter(t, "ada@example.com", "was changed")

	ada := s.browser(t)
	for range 3 {
		a := ada.get(link)
		page := a.page(t)
		text := page.one("main").text()
		if a.StatusCode != http.StatusOK || page.one("nav").Node != nil || page.one("form").attr("method") != "post" ||
			!strings.Contains(text, "its address ada@example.com back") || !strings.Contains(text, "You are signed out everywhere, here too") {
			t.Errorf("%d %s", a.StatusCode, text)
		}
		if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") || a.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%v", a.Header)
		}
	}
	eve.wantIn(true)
	done := ada.form(link)
	for _, want := range []string{
		"You are signed out everywhere.",
		"Your password no longer works, and a link to a new one is on its way to ada@example.com.",
		"Your account has its address ada@example.com back.",
	} {
		if text := done.page(t).one("main").text(); done.StatusCode != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d %s, want %q", done.StatusCode, text, want)
		}
	}
	eve.wantIn(false)
	if got := s.mailOf(t, "ada"); got != "ada@example.com" {
		t.Errorf("the address is %q", got)
	}
	if reset := s.letter(t, "ada@example.com", "Choose a new password"); !strings.HasPrefix(reset, "/accounts/reset/") {
		t.Errorf("the link is %q", reset)
	}
	for _, a := range []*answer{ada.get(link), ada.form(link), ada.get("/accounts/not-me/x/")} {
		if page := a.page(t); a.StatusCode != http.StatusGone || !strings.Contains(page.one("main").text(), "choose a new password now") {
			t.Errorf("%d %s", a.StatusCode, page.one("main").text())
		}
	}
	if mails := s.deliver(t); len(mails) > 0 {
		t.Errorf("a dead link sent %v", subjects(mails))
	}
}

// Of many that use a link at once, one does it.
func TestNotMeJSON(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		s.user(t, "ada")
		p := s.program(t)
		p.login("ada")
		p.json("/accounts/password_change/", `{"old_password":"`+canary+`","new_password1":"`+another+`"}`).
			wantJSON(t, 200, `{"message":"Password changed successfully"}`)
		link := s.letter(t, "ada@example.com", "password")
		s.program(t).get(link).wantJSON(t, 200, `{"address":"","mailbox":"ada@example.com","message":"Send a POST to end every session and the password"}`)
		var clients [16]*client
		for i := range clients {
			clients[i] = s.program(t)
		}
		count := together(len(clients), func(i int) int { return clients[i].form(link).StatusCode })
		if count[http.StatusOK] != 1 || count[http.StatusGone] != len(clients)-1 {
			t.Errorf("statuses: %v", count)
		}
		s.letter(t, "ada@example.com", "Choose a new password")
		p.get("/api/profile").wantJSON(t, 401, `{"error":"Unauthorized"}`)
	})
}

func TestNoNotMeWithoutMail(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	if a := s.browser(t).get("/accounts/not-me/x/"); a.StatusCode != http.StatusNotFound {
		t.Errorf("%d", a.StatusCode)
	}
}
