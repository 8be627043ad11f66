package views_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	badLinkJSON = `{"error":"The password reset link was invalid, possibly because it has already been used. Please request a new password reset."}`
	resetSent   = "We’ve emailed you instructions for setting your password, if an account exists with the email you entered. You should receive them shortly."
)

// ada creates a user with an address.
func (s *site) ada(t testing.TB) *auth.User {
	t.Helper()
	return s.addUser(t, auth.NewUser{Username: "ada", Email: "ada@example.com"})
}

// resetLink is the path of a good link.
func (s *site) resetLink(user *auth.User) string {
	return "/accounts/reset/" + resettoken.EncodeUID(user.ID) + "/" + s.auth.MakeResetToken(user) + "/"
}

func TestPasswordResetPages(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	b := s.browser(t)
	if b.get("/accounts/login/").page(t).where("a", "href", "/accounts/password_reset/").text() != "Forgot your password?" {
		t.Error("the login page does not lead to the forgotten password")
	}
	page := b.get("/accounts/password_reset/").page(t)
	if f := page.field("email"); f.attr("type") != "email" || f.attr("autocomplete") != "email" || page.one("title").text() != "Forgot your password? · Coatcheck" {
		t.Error(page.text())
	}
	if got := b.form("/accounts/password_reset/", "email", "nobody").page(t).fieldError("email"); got != "Enter a valid email address." {
		t.Errorf("a wrong address: %q", got)
	}
	b.form("/accounts/password_reset/", "email", "ada@example.com").wantRedirect(t, "/accounts/password_reset/done/")
	if text := s.browser(t).get("/accounts/password_reset/done/").page(t).text(); !strings.Contains(text, resetSent) {
		t.Error(text)
	}

	path := s.letter(t, "ada@example.com", "Password reset on The Shop")
	set := path[:strings.LastIndex(path[:len(path)-1], "/")] + "/set-password/"
	for range 100 { // email scanners look at links, too
		a := s.browser(t).get(path)
		a.wantRedirect(t, set)
		neverCached(t, a)
	}
	a := b.get(path)
	a.wantRedirect(t, set)
	if a.cookie() == "" {
		t.Error("no session for the token")
	}
	a = b.get(set)
	page = a.page(t)
	neverCached(t, a)
	if f := page.field("new_password1"); f.attr("autocomplete") != "new-password" || page.one("title").text() != "Choose a new password · Coatcheck" {
		t.Error(page.text())
	}
	if strings.Contains(a.text, strings.Split(path, "/")[4]) || a.Header.Get("Referrer-Policy") != "same-origin" {
		t.Error("the token is in the page, or may go out with it")
	}
	if got := b.form(set, "new_password1", "a", "new_password2", "b").page(t).fieldError("new_password2"); got != mismatch {
		t.Errorf("two passwords: %q", got)
	}
	if got := b.form(set, "new_password1", "a1b2").page(t).fieldError("new_password1"); !strings.Contains(got, "too short") {
		t.Errorf("a short one: %q", got)
	}
	b.form(set, "new_password1", another).wantRedirect(t, "/accounts/login/")
	login := b.get("/accounts/login/")
	login.wantNotice(t, "Your password has been set. You may go ahead and log in now.")
	login.wantFilledIn(t, "ada")
	b.get("/accounts/reset/done/").wantRedirect(t, "/accounts/login/")
	b.get("/accounts/profile/").wantRedirect(t, "/accounts/login/?next=/accounts/profile/") // nobody was signed in
	for _, p := range []string{set, path} {
		a := b.get(p)
		if page := a.page(t); a.StatusCode != 200 || page.one("title").text() != "This link is used up or too old · Coatcheck" || page.one("main").where("a", "href", "/accounts/password_reset/").Node == nil {
			t.Errorf("%s after its use: %d %s", p, a.StatusCode, page.text())
		}
		neverCached(t, a)
	}
	b.form("/accounts/login/", "username", "ada", "password", another).wantRedirect(t, "/accounts/profile/")
}

func neverCached(t testing.TB, a *answer) {
	t.Helper()
	if c := a.Header.Get("Cache-Control"); !strings.Contains(c, "no-store") || !strings.Contains(c, "private") {
		t.Errorf("%s: Cache-Control is %q", a.Request.URL.Path, c)
	}
}

func TestPasswordResetJSON(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	p := s.program(t)
	p.get("/accounts/password_reset/").wantJSON(t, 200, `{"message":"Send email by POST, as a form or as JSON."}`)
	for _, body := range []string{`{}`, `{"email":""}`, `{"email":"  "}`} {
		p.json("/accounts/password_reset/", body).wantJSON(t, 400, `{"error":"Email: `+required+`","fields":{"email":["`+required+`"]}}`)
	}
	p.json("/accounts/password_reset/", `{"email":"ada@example.com"}`).wantJSON(t, 200, `{"message":"`+resetSent+`"}`)
	path := s.letter(t, "ada@example.com", "Password reset")
	p.get(path).wantJSON(t, 200, `{"message":"Send new_password1 by POST, as a form or as JSON."}`)
	p.json(path, `{"new_password1":"12345"}`).wantJSON(t, 400, `{"error":"New password: This password is too short. It must contain at least 8 characters. `+
		`This password is too common. This password is entirely numeric.","fields":{"new_password1":["This password is too short. It must contain at least 8 characters.",
		"This password is too common.","This password is entirely numeric."]}}`)
	a := p.json(path, `{"new_password1":"`+another+`"}`)
	a.wantJSON(t, 200, `{"message":"Password changed successfully"}`)
	if a.cookie() != "" || s.count(t, "django_session") != 0 {
		t.Error("a session was made")
	}
	p.json(path, `{"new_password1":"`+another+`"}`).wantJSON(t, 410, badLinkJSON)
	p.get(path).wantJSON(t, 410, badLinkJSON)
	p.get("/accounts/reset/MQ/set-password/").wantJSON(t, 410, badLinkJSON)
	p.form("/accounts/login/", "username", "ada", "password", another).wantUser(t, "message", "Login successful", "ada")
	s.letter(t, "ada@example.com", "password")
}

// anyNote is the cookie that names the address that was typed.
var anyNote = regexp.MustCompile(`coatcheck_note=[^;]*`)

// TestPasswordResetTellsNothing: the response is the same to the byte, and so is what
// waits in the queue, whether the address has an account or not.
func TestPasswordResetTellsNothing(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	s.addUser(t, auth.NewUser{Username: "closed", Email: "closed@example.com", Inactive: true})
	unusable := s.addUser(t, auth.NewUser{Username: "remote", Email: "remote@example.com"})
	if err := s.auth.SetPassword(t.Context(), unusable, ""); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{browser, "*/*"} {
		var first string
		for _, name := range []string{"ada", "nobody", "closed", "remote"} {
			before := s.count(t, "coatcheck_mail")
			a := s.client(t, accept).form("/accounts/password_reset/", "email", name+"@example.com")
			a.Header.Del("Date")
			a.Header.Del("Expires")
			text := a.Status + "\n" + a.text
			for _, h := range []string{"Location", "Set-Cookie", "Content-Length", "Vary", "Cache-Control"} {
				text += "\n" + h + ": " + anyNote.ReplaceAllString(strings.Join(a.Header[h], ","), "coatcheck_note=")
			}
			if first == "" {
				first = text
			}
			if text != first || s.count(t, "coatcheck_mail") != before+1 {
				t.Errorf("%s: %s\nwant %s", name, text, first)
			}
		}
	}
	if mails := s.deliver(t); len(mails) != 2 || mails[0].To != "ada@example.com" || mails[1].To != "ada@example.com" {
		t.Errorf("mails: %v", subjects(mails))
	}
}

// TestPasswordResetOnce: of many who use one link at once, one sets the password.
func TestPasswordResetOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		path := s.resetLink(s.ada(t))
		set := path[:strings.LastIndex(path[:len(path)-1], "/")] + "/set-password/"
		clients := make([]*client, 64)
		for i := range clients {
			clients[i] = s.program(t)
			if i%2 == 0 {
				clients[i] = s.browser(t)
				clients[i].get(path).wantRedirect(t, set)
			}
		}
		count := together(len(clients), func(i int) int {
			if i%2 == 1 {
				return clients[i].form(path, "new_password1", another).StatusCode
			}
			a := clients[i].form(set, "new_password1", another)
			switch {
			case a.StatusCode == 302 && a.Header.Get("Location") == "/accounts/login/":
				return 200
			case a.StatusCode == 200 && strings.Contains(a.text, "This link is used up or too old"):
				return 410
			}
			return a.StatusCode
		})
		if count[200] != 1 || count[410] != len(clients)-1 {
			t.Errorf("statuses %v, want one 200 and else 410", count)
		}
	})
}

// TestPasswordResetVoid: what makes a token void, in a session too.
func TestPasswordResetVoid(t *testing.T) {
	old, err := resettoken.New(resettoken.Config{
		Keys:     signing.Keys{Secret: secretKey},
		TimeZone: time.FixedZone("", -int((resettoken.DefaultTimeout+time.Minute)/time.Second)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(t *testing.T, s *site, user *auth.User){
		"nothing": func(*testing.T, *site, *auth.User) {},
		"login": func(t *testing.T, s *site, _ *auth.User) {
			s.program(t).login("ada").wantUser(t, "message", "Login successful", "ada")
		},
		"password": func(t *testing.T, s *site, user *auth.User) { must(0, s.auth.SetPassword(t.Context(), user, another)) },
		"address": func(t *testing.T, s *site, user *auth.User) {
			user.Email = "lovelace@example.com"
			must(0, s.db.UpdateUser(t.Context(), user))
		},
		"deletion": func(t *testing.T, s *site, user *auth.User) { must(0, s.db.DeleteUser(t.Context(), user.ID)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailSite(t)
			user := s.ada(t)
			path := s.resetLink(user)
			b, p := s.browser(t), s.program(t)
			set := b.get(path).Header.Get("Location")
			spoil(t, s, user)
			if name == "nothing" {
				b.get(set).page(t).field("new_password1")
				aged := "/accounts/reset/" + resettoken.EncodeUID(user.ID) + "/" + old.Make(user) + "/"
				p.form(aged, "new_password1", another).wantJSON(t, 410, badLinkJSON)
				tampered := path[:len(path)-2] + "x/"
				p.form(tampered, "new_password1", another).wantJSON(t, 410, badLinkJSON)
				for _, uid := range []string{"!!!", "OTk5", "%00", strings.Repeat("M", 2000)} {
					p.get("/accounts/reset/"+uid+"/"+s.auth.MakeResetToken(user)+"/").wantJSON(t, 410, badLinkJSON)
				}
				p.form(path, "new_password1", another).wantJSON(t, 200, `{"message":"Password changed successfully"}`)
				return
			}
			p.form(path, "new_password1", another).wantJSON(t, 410, badLinkJSON)
			if a := b.form(set, "new_password1", another); !strings.Contains(a.text, "This link is used up or too old") {
				t.Errorf("the session: %d %s", a.StatusCode, a.Header.Get("Location"))
			}
		})
	}
}

// TestPasswordResetAsDjango: an account that is inactive, and one without a
// password, take a link if they have one.
func TestPasswordResetAsDjango(t *testing.T) {
	s := newMailSite(t)
	off := s.addUser(t, auth.NewUser{Username: "off", Inactive: true})
	remote := s.addUser(t, auth.NewUser{Username: "remote"})
	must(0, s.auth.SetPassword(t.Context(), remote, ""))
	for _, user := range []*auth.User{off, remote} {
		s.program(t).form(s.resetLink(user), "new_password1", another).wantJSON(t, 200, `{"message":"Password changed successfully"}`)
	}
	s.program(t).form("/accounts/login/", "username", "off", "password", another).wantJSON(t, 401, `{"error":"Invalid credentials"}`)
	s.program(t).form("/accounts/login/", "username", "remote", "password", another).wantUser(t, "message", "Login successful", "remote")
}

// TestPasswordResetAddresses: email goes to the stored address, and only where it is
// the typed one but for case and the spellings of Unicode, on every database.
func TestPasswordResetAddresses(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		s.addUser(t, auth.NewUser{Username: "mike", Email: "Mike@Example.org"})
		s.addUser(t, auth.NewUser{Username: "susi", Email: "susi@example.org"})
		s.addUser(t, auth.NewUser{Username: "paul", Email: "paul@exämple.org"})
		for typed, want := range map[string]string{
			"mike@example.org": "Mike@example.org", "MIKE@EXAMPLE.ORG": "Mike@example.org", " mike@example.org ": "Mike@example.org",
			"paul@EXÄMPLE.ORG": "paul@exämple.org",
			"mıke@example.org": "", "mike@exampIe.org": "", "mike@example.org.evil.example": "", "paul@example.org": "",
		} {
			s.program(t).form("/accounts/password_reset/", "email", typed).wantJSON(t, 200, `{"message":"`+resetSent+`"}`)
			mails := s.deliver(t)
			if want == "" && len(mails) != 0 || want != "" && (len(mails) != 1 || mails[0].To != want) {
				t.Errorf("%q: %v, want %q", typed, subjects(mails), want)
			}
		}
		for _, typed := range []string{"ſuſi@example.org", "mi\u212Ae@example.org"} { // equal when folded
			s.program(t).form("/accounts/password_reset/", "email", typed).wantJSON(t, 200, `{"message":"`+resetSent+`"}`)
			for _, m := range s.deliver(t) {
				if m.To != "susi@example.org" && m.To != "Mike@example.org" {
					t.Errorf("%q: a mail to %q", typed, m.To)
				}
			}
		}
	})
}

// TestPasswordResetHost: who sends a request does not choose where the link leads.
func TestPasswordResetHost(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	r := must(http.NewRequestWithContext(t.Context(), "POST", s.URL+"/accounts/password_reset/", strings.NewReader("email=ada@example.com")))
	r.Host = "evil.example"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	s.program(t).send(r)
	mails := s.deliver(t)
	if len(mails) != 1 || strings.Contains(mails[0].Text+mails[0].HTML, "evil") || !strings.Contains(mails[0].Text, baseURL+"/accounts/reset/") {
		t.Errorf("mails: %v", mails)
	}
}

// TestPasswordResetSessions: nobody who planted a session in a browser, one of their
// own or an arbitrary one, gets at the token that the browser puts into it.
func TestPasswordResetSessions(t *testing.T) {
	s := newMailSite(t)
	user := s.ada(t)
	s.addUser(t, auth.NewUser{Username: "eve"})
	attacker := s.browser(t)
	attacker.login("eve")
	for name, planted := range map[string]string{"made up": strings.Repeat("k", 32), "the attacker's": attacker.session(t)} {
		victim := s.browser(t)
		victim.plant(t, planted)
		a := victim.get(s.resetLink(user))
		if a.StatusCode != 302 || a.cookie() == "" || a.cookie() == planted {
			t.Errorf("%s: %d, the cookie is %q", name, a.StatusCode, a.cookie())
		}
		thief := s.browser(t)
		thief.plant(t, planted)
		if a := thief.get(a.Header.Get("Location")); !strings.Contains(a.text, "This link is used up or too old") {
			t.Errorf("%s: the thief sees %s", name, a.text)
		}
	}
}

// session is the key in the jar.
func (c *client) session(t testing.TB) string {
	t.Helper()
	for _, cookie := range c.http.Jar.Cookies(must(http.NewRequest("GET", c.site.URL, nil)).URL) {
		if cookie.Name == sessions.DefaultCookieName {
			return cookie.Value
		}
	}
	t.Fatal("no session")
	return ""
}

// plant lets the jar send a key.
func (c *client) plant(t testing.TB, key string) {
	t.Helper()
	c.http.Jar = must(cookiejar.New(nil))
	c.http.Jar.SetCookies(must(http.NewRequest("GET", c.site.URL, nil)).URL, []*http.Cookie{{Name: sessions.DefaultCookieName, Value: key, Path: "/"}})
}

// TestPasswordResetEndsSessions: those of the user end, also the one of the browser
// that sets the password; another user stays signed in.
func TestPasswordResetEndsSessions(t *testing.T) {
	s := newMailSite(t)
	user := s.ada(t)
	s.addUser(t, auth.NewUser{Username: "eve"})
	elsewhere, own, other := s.browser(t), s.browser(t), s.browser(t)
	elsewhere.login("ada")
	own.login("ada")
	other.login("eve")
	for i, b := range []*client{own, other} {
		user = must(s.auth.UserByUsername(t.Context(), user.Username))
		set := b.get(s.resetLink(user)).Header.Get("Location")
		b.form(set, "new_password1", fmt.Sprint(another, i)).wantRedirect(t, "/accounts/login/")
		b.get("/accounts/login/").page(t)
	}
	if n := s.count(t, "django_session WHERE session_key = '"+elsewhere.sessionKey()+"'"); n != 0 {
		t.Error("a session that has ended is still in the store")
	}
	for b, status := range map[*client]int{elsewhere: 302, own: 302, other: 200} {
		if a := b.get("/accounts/profile/"); a.StatusCode != status {
			t.Errorf("%d, want %d", a.StatusCode, status)
		}
	}
}

// TestNoPasswordReset: without emails there is no page to ask for one and no link to
// it, and without tables of our own nothing at all.
func TestNoPasswordReset(t *testing.T) {
	s := newSite(t)
	s.ada(t)
	b := s.browser(t)
	for _, path := range []string{"/accounts/password_reset/", "/accounts/password_reset/done/", "/accounts/reset/done/", "/accounts/reset/MQ/x-y/"} {
		if a := b.get(path); a.StatusCode != 404 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if text := b.get("/accounts/login/").page(t).text(); strings.Contains(text, "Forgot") {
		t.Error(text)
	}
	if s.views.Route("password_reset").Handler != nil || s.views.Route("password_reset_confirm").Handler != nil {
		t.Error("there are handlers")
	}
}
