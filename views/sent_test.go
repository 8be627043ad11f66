package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/mail"
)

// sentPages are the pages that say that an email was sent.
var sentPages = []struct {
	form, sent string // where it is asked for, and the page that says so
	to         string
	fields     []string
	subject    string // of the email, in part
}{
	{"/accounts/password_reset/", "/accounts/password_reset/done/", "ada@example.com", nil, "reset"},
	{"/accounts/email/", "/accounts/email/sent/", "lovelace@example.com", []string{"password", canary}, "Confirm"},
	{"/accounts/signup/", "/accounts/signup/sent/", "eve@example.com", []string{"username", "eve", "password", canary}, "Confirm"},
}

// TestSendAgain: the page after an email was asked for names its address, sends it again, and leads
// to another address; only in the browser that asked, and only to the user who asked.
func TestSendAgain(t *testing.T) {
	for _, page := range sentPages {
		t.Run(page.form, func(t *testing.T) {
			s := newMailSite(t, verified)
			s.user(t, "ada")
			b := s.enter(t, "ada", firefox)
			if page.form == "/accounts/signup/" {
				b = s.browser(t)
			}
			b.form(page.form, append([]string{"email", page.to}, page.fields...)...).wantRedirect(t, page.sent)
			main := b.get(page.sent).page(t).one("main")
			if !strings.Contains(main.text(), page.to) || main.where("a", "href", page.form).Node == nil {
				t.Errorf("it says %q", main.text())
			}
			b.form(page.sent).wantRedirect(t, page.sent)
			b.get(page.sent).wantNotice(t, "The email is on its way again.")
			var links []string
			for _, m := range s.deliver(t) {
				if m.To == page.to && strings.Contains(m.Subject, page.subject) {
					links = append(links, linkPattern.FindStringSubmatch(m.Text)[1])
				}
			}
			if len(links) != 2 {
				t.Fatalf("%d emails went out", len(links))
			}
			for _, link := range links { // the first one too, which may come late
				if a := s.program(t).get(link); a.StatusCode != http.StatusOK {
					t.Errorf("%s: %d %s", link, a.StatusCode, a.text)
				}
			}
			stranger := s.browser(t)
			if page.form == "/accounts/email/" {
				s.user(t, "joe")
				stranger = s.enter(t, "joe", firefox)
			}
			if a := stranger.form(page.sent); a.StatusCode != http.StatusGone || !strings.Contains(a.text, "once more") {
				t.Errorf("a browser that asked for nothing: %d", a.StatusCode)
			}
			if len(s.deliver(t)) != 0 {
				t.Error("it had an email sent")
			}
		})
	}
}

// TestSendAgainIsThrottled: sending again takes from the same budget as asking.
func TestSendAgainIsThrottled(t *testing.T) {
	for _, page := range sentPages {
		t.Run(page.form, func(t *testing.T) {
			s := newWhole(t, func(c *coatcheck.Config) {
				c.Views.SignupVerification = true
			})
			s.user(t, "ada")
			b := s.enter(t, "ada", firefox)
			if page.form == "/accounts/signup/" {
				b = s.browser(t)
			}
			b.form(page.form, append([]string{"email", page.to}, page.fields...)...).wantRedirect(t, page.sent)
			a, sent := b.form(page.sent), 0
			for ; a.StatusCode == http.StatusFound && sent < 20; sent++ {
				a = b.form(page.sent)
			}
			main := a.page(t).one("main").text()
			if a.StatusCode != http.StatusTooManyRequests || sent == 0 || !strings.Contains(main, page.to) || !strings.Contains(main, "Too many attempts") {
				t.Errorf("%d %s", a.StatusCode, main)
			}
		})
	}
}

// TestSentPageOfAnother: the next user of a browser does not see the address that
// another user typed there, and a logout takes it away.
func TestSentPageOfAnother(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	s.user(t, "joe")
	b := s.enter(t, "ada", firefox)
	change := func() {
		b.form("/accounts/email/", "email", "lovelace@example.com", "password", canary).wantRedirect(t, "/accounts/email/sent/")
	}
	shown := func() bool { return strings.Contains(b.get("/accounts/email/sent/").text, "lovelace") }
	change()
	b.login("joe")
	if shown() || b.form("/accounts/email/sent/").StatusCode != http.StatusGone {
		t.Error("joe sees ada's new address")
	}
	b.login("ada")
	change()
	b.form("/accounts/logout/")
	b.login("ada")
	if shown() {
		t.Error("the logout left the address")
	}
}

// TestSentPageWhileAway: where nobody can tell who has the browser, that is a failure of the store, and not that
// there is nothing to send.
func TestSentPageWhileAway(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	b := s.enter(t, "ada", firefox)
	b.form("/accounts/password_reset/", "email", "ada@example.com").wantRedirect(t, "/accounts/password_reset/done/")
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*answer{b.get("/accounts/password_reset/done/"), b.form("/accounts/password_reset/done/")} {
		if a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", a.Request.Method, a.StatusCode)
		}
	}
}

// TestSendAgainAfterwards: once the change is done, or another one begun, nothing is sent again.
func TestSendAgainAfterwards(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	b := s.enter(t, "ada", firefox)
	b.form("/accounts/email/", "email", "first@example.com", "password", canary).wantRedirect(t, "/accounts/email/sent/")
	tab := s.enter(t, "ada", safari)
	tab.form("/accounts/email/", "email", "second@example.com", "password", canary).wantRedirect(t, "/accounts/email/sent/")
	if a := b.form("/accounts/email/sent/"); a.StatusCode != http.StatusGone {
		t.Errorf("after another change was begun: %d", a.StatusCode)
	}
	tab.form(linkTo(t, s.deliver(t), "second@example.com")).wantRedirect(t, "/accounts/profile/")
	if a := tab.form("/accounts/email/sent/"); a.StatusCode != http.StatusGone {
		t.Errorf("after the change: %d", a.StatusCode)
	}
}

// linkTo is the link in an email to the address.
func linkTo(t *testing.T, emails []mail.Message, to string) string {
	t.Helper()
	for _, m := range emails {
		if m.To == to {
			return linkPattern.FindStringSubmatch(m.Text)[1]
		}
	}
	t.Fatalf("no email to %s", to)
	return ""
}
