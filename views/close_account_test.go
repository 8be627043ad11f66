package views_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

func TestCloseAccountPage(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	s.browser(t).get("/accounts/close/").wantRedirect(t, "/accounts/login/?next=/accounts/close/")
	b, phone := s.enter(t, "ada", firefox), s.enter(t, "ada", safari)
	if link := b.get("/accounts/profile/").page(t).where("a", "href", "/accounts/close/"); link.Node == nil {
		t.Error("the profile does not link to it")
	}
	page := b.get("/accounts/close/").page(t)
	if page.field("password").attr("autocomplete") != "current-password" || !page.where("input", "id", "id_understand").has("required") ||
		page.where("input", "id", "id_understand").has("checked") {
		t.Error(page.one("form").text())
	}
	page = b.form("/accounts/close/", "password", "wrong", "understand", "no", "understand", "yes").page(t)
	if got := page.fieldError("password"); got != "Your password was entered incorrectly. Please enter it again." {
		t.Errorf("%q", got)
	}
	if !page.where("input", "id", "id_understand").has("checked") {
		t.Error("the tick is forgotten after an error")
	}
	page = b.form("/accounts/close/", "password", canary, "understand", "no").page(t)
	if got := page.fieldError("understand"); got != required || !page.alert().has("autofocus") {
		t.Errorf("%q", got)
	}
	phone.wantIn(true)
	if mails := s.deliver(t); len(mails) > 0 {
		t.Errorf("mails: %v", subjects(mails))
	}

	a := b.form("/accounts/close/", "password", canary, "understand", "no", "understand", "yes")
	a.wantRedirect(t, "/accounts/login/")
	if !strings.Contains(a.sessionCookie(), "Max-Age=0") {
		t.Errorf("the cookie stays: %q", a.sessionCookie())
	}
	b.get("/accounts/login/").wantNotice(t, "Your account is closed, and you are signed out everywhere. Thank you for having been here.")
	b.get("/accounts/closed/").wantRedirect(t, "/accounts/login/")
	b.wantIn(false)
	phone.wantIn(false)
	mails := s.deliver(t)
	if len(mails) != 1 || mails[0].To != "ada@example.com" || !strings.Contains(mails[0].Subject, "is closed") {
		t.Errorf("mails: %v", subjects(mails))
	}
}

var names = regexp.MustCompile(`ada|nob`)

// A closed account is refused like one that never was, on every database, whether its
// row stays or goes.
func TestCloseAccountJSON(t *testing.T) {
	for _, deletes := range []bool{false, true} {
		onEveryDatabase(t, func(t *testing.T, db *database.DB) {
			s := newWhole(t, on(db), func(c *coatcheck.Config) { c.Accounts.DeleteClosed = deletes })
			s.user(t, "ada")
			s.user(t, "joe")
			p, phone, joe := s.program(t), s.enter(t, "ada", safari), s.enter(t, "joe", safari)
			p.login("ada")
			p.get("/accounts/close/").wantJSON(t, 200, `{"message":"Send password and understand by POST, as a form or as JSON."}`)
			p.json("/accounts/close/", `{"password":"`+canary+`"}`).wantJSON(t, 400,
				`{"error":"I understand that this cannot be undone: `+required+`","fields":{"understand":["`+required+`"]}}`)
			p.json("/accounts/close/", `{"password":"`+canary+`","understand":false}`).wantJSON(t, 400,
				`{"error":"I understand that this cannot be undone: `+required+`","fields":{"understand":["`+required+`"]}}`)
			p.json("/accounts/close/", `{"password":"`+canary+`","understand":true}`).wantJSON(t, 200, `{"message":"Your account is closed"}`)
			p.wantIn(false)
			phone.wantIn(false)
			joe.wantIn(true)
			p.get("/accounts/closed/").wantJSON(t, 200, `{"message":"Your account is closed"}`)
			for _, c := range []*client{s.browser(t), s.program(t)} {
				closed, unknown := c.login("ada"), c.login("nob")
				if closed.StatusCode != unknown.StatusCode || names.ReplaceAllString(closed.text, "") != names.ReplaceAllString(unknown.text, "") {
					t.Errorf("closed: %d %s\nunknown: %d %s", closed.StatusCode, closed.text, unknown.StatusCode, unknown.text)
				}
			}
			want := 2
			if deletes {
				want = 1
			}
			if n := s.count(t, "auth_user"); n != want {
				t.Errorf("%d users, want %d", n, want)
			}
			if n := s.count(t, "coatcheck_session"); n != 1 {
				t.Errorf("%d sessions in the index", n)
			}
		})
	}
}

func TestCloseAccountWithoutMail(t *testing.T) {
	s := newWhole(t, func(c *coatcheck.Config) { c.Accounts.Mail = nil })
	s.user(t, "ada")
	b := s.enter(t, "ada", firefox)
	b.form("/accounts/close/", "password", canary, "understand", "yes").wantRedirect(t, "/accounts/login/")
	b.wantIn(false)
	plain := newSite(t)
	plain.addUser(t, auth.NewUser{Username: "ada"})
	if a := plain.enter(t, "ada", firefox).get("/accounts/close/"); a.StatusCode != http.StatusNotFound {
		t.Errorf("without accounts: %d", a.StatusCode)
	}
}

// The present password is not to be guessed, nor an address to be flooded.
func TestPresentPasswordIsThrottled(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	b := s.enter(t, "ada", firefox)
	for path, fields := range map[string][]string{
		"/accounts/email/": {"email", "new@example.com"}, "/accounts/close/": {"understand", "yes"},
	} {
		var a *answer
		for range 11 {
			a = b.form(path, append(fields, "password", "wrong")...)
		}
		if text := a.page(t).alert().text(); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || !strings.Contains(text, "Too many attempts") {
			t.Errorf("%s: %d %s", path, a.StatusCode, text)
		}
		if a = b.form(path, append(fields, "password", canary)...); a.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s: the right password is looked at: %d", path, a.StatusCode)
		}
	}
	s.user(t, "joe")
	p := s.program(t)
	p.login("joe")
	statuses := map[int]int{}
	for range 12 {
		statuses[p.form("/accounts/email/", "email", "victim@example.com", "password", canary).StatusCode]++
	}
	if statuses[http.StatusOK] != 10 || statuses[http.StatusTooManyRequests] != 2 {
		t.Errorf("mails to one address: %v", statuses)
	}
}
