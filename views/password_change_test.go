package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	another  = "quite-another-0452"
	wrongOld = "Your old password was entered incorrectly. Please enter it again."
	mismatch = "The two password fields didn’t match."
)

func TestPasswordChangeJSON(t *testing.T) {
	for name, s := range map[string]*site{"plain": newSite(t), "accounts": newMailSite(t)} {
		t.Run(name, func(t *testing.T) {
			s.addUser(t, auth.NewUser{Username: "ada", Email: "ada@example.com"})
			here, there := s.program(t), s.program(t)
			before := here.login("ada").cookie()
			there.login("ada")
			a := here.json("/accounts/password_change/", `{"old_password":"`+canary+`","new_password1":"`+another+`"}`)
			a.wantJSON(t, 200, `{"message":"Password changed successfully"}`)
			if a.cookie() == "" || a.cookie() == before {
				t.Error("the session keeps its key")
			}
			here.get("/api/profile").wantUser(t, "profile", "private data", "ada")
			there.get("/api/profile").wantJSON(t, 401, `{"error":"Unauthorized"}`)
			s.program(t).login("ada").wantJSON(t, 401, `{"error":"Invalid credentials"}`)
			s.program(t).form("/accounts/login/", "username", "ada", "password", another).wantUser(t, "message", "Login successful", "ada")
			if s.outbox != nil {
				s.letter(t, "ada@example.com", "password")
			}
		})
	}
}

func TestPasswordChangeRefuses(t *testing.T) {
	s := newSite(t)
	user := s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	key := p.login("ada").cookie()
	refusal := func(field, label, sentence string) string {
		return `{"error":"` + label + `: ` + sentence + `","fields":{"` + field + `":["` + sentence + `"]}}`
	}
	const tooShort = "This password is too short. It must contain at least 8 characters."
	for _, tt := range []struct{ old, rest, want string }{
		{`"bad"`, `"new_password1":"` + another + `"`, refusal("old_password", "Old password", wrongOld)},
		{`""`, `"new_password1":"` + another + `"`, refusal("old_password", "Old password", required)},
		{`7`, `"new_password1":"` + another + `"`, refusal("old_password", "Old password", "Enter text.")},
		{`"` + canary + `"`, `"x":1`, refusal("new_password1", "New password", required)},
		{`"` + canary + `"`, `"new_password1":"a1b2"`, refusal("new_password1", "New password", tooShort)},
		{`"` + canary + `"`, `"new_password1":"a1b2","new_password2":"a1b2"`, refusal("new_password2", "New password confirmation", tooShort)},
		{`"` + canary + `"`, `"new_password1":"a","new_password2":"b"`, refusal("new_password2", "New password confirmation", mismatch)},
		{`"` + canary + `"`, `"new_password1":"` + another + `","new_password2":""`, refusal("new_password2", "New password confirmation", required)},
		{`"` + canary + `"`, `"new_password1":"` + strings.Repeat("x", 4097) + `"`, refusal("new_password1", "New password", "This password is too long: at most 4,096 bytes can be used.")},
		{`"bad"`, `"new_password1":"a1b2"`, `{"error":"Old password: ` + wrongOld + ` New password: ` + tooShort +
			`","fields":{"old_password":["` + wrongOld + `"],"new_password1":["` + tooShort + `"]}}`},
	} {
		p.json("/accounts/password_change/", `{"old_password":`+tt.old+`,`+tt.rest+`}`).wantJSON(t, 400, tt.want)
	}
	now, err := s.auth.UserByUsername(t.Context(), "ada")
	if err != nil || now.Password.Encoded() != user.Password.Encoded() {
		t.Error("the password was changed")
	}
	if p.get("/api/profile").StatusCode != 200 || p.get("/").cookie() != "" || key == "" {
		t.Error("the session did not stay as it was")
	}
}

func TestPasswordChangePage(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.get("/accounts/password_change/").wantRedirect(t, "/accounts/login/?next=/accounts/password_change/")
	b.get("/accounts/password_change/done/").wantRedirect(t, "/accounts/login/?next=/accounts/password_change/done/")
	b.login("ada")
	if b.get("/accounts/profile/").page(t).where("a", "href", "/accounts/password_change/").text() != "Password" {
		t.Error("the profile does not lead to the form")
	}
	page := b.get("/accounts/password_change/").page(t)
	for name, token := range map[string]string{"old_password": "current-password", "new_password1": "new-password"} {
		if f := page.field(name); f.attr("autocomplete") != token || f.attr("type") != "password" || !f.has("required") {
			t.Errorf("%s: %v", name, f.Attr)
		}
	}
	if page.field("new_password2").Node != nil || page.one("title").text() != "Change your password · Coatcheck" {
		t.Error(page.text())
	}
	a := b.form("/accounts/password_change/", "old_password", "bad", "new_password1", another, "new_password2", "x")
	page = a.page(t)
	if a.StatusCode != 200 || page.fieldError("old_password") != wrongOld || page.fieldError("new_password2") != mismatch {
		t.Errorf("%d %s", a.StatusCode, page.text())
	}
	b.form("/accounts/password_change/", "old_password", canary, "new_password1", another, "new_password2", another).
		wantRedirect(t, "/accounts/profile/")
	const notice = "Your password was changed. Wherever else you were signed in, you are signed out."
	b.do("HEAD", "/accounts/profile/", "", "")
	b.get("/accounts/nothing/").wantNotice(t, "")
	b.get("/public/").wantNotice(t, "")
	other := s.browser(t)
	other.form("/accounts/login/", "username", "ada", "password", another)
	other.get("/accounts/profile/").wantNotice(t, "")
	b.get("/accounts/profile/").wantNotice(t, notice)
	b.get("/accounts/profile/").wantNotice(t, "")
	b.get("/accounts/password_change/done/").wantRedirect(t, "/accounts/profile/")
	s.program(t).get("/accounts/password_change/done/").wantRedirect(t, "/accounts/login/?next=/accounts/password_change/done/")
}

// TestPasswordChangeTellsPrograms: a program that gets the address learns what to
// send.
func TestPasswordChangeTellsPrograms(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	p.login("ada")
	p.get("/accounts/password_change/").wantJSON(t, 200, `{"message":"Send old_password and new_password1 by POST, as a form or as JSON."}`)
	p.get("/accounts/password_change/done/").wantJSON(t, 200, `{"message":"Your password was changed."}`)
}

// TestPasswordChangeKeepsRenewedHash: where the old password is right its hash may
// be renewed, which signs nobody out whose new password is refused.
func TestPasswordChangeKeepsRenewedHash(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.login("ada")
	stronger, err := password.New(password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	next := serve(t, s.db, auth.Config{Users: s.db, Passwords: stronger, Keys: signing.Keys{Secret: secretKey}})
	b.site = next
	jar := b.http.Jar
	for _, c := range jar.Cookies(must(http.NewRequest("GET", s.URL, nil)).URL) { // another port of the same host
		jar.SetCookies(must(http.NewRequest("GET", next.URL, nil)).URL, []*http.Cookie{c})
	}
	if a := b.form("/accounts/password_change/", "old_password", canary, "new_password1", "a1b2"); !strings.Contains(a.text, "too short") {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	user, err := s.auth.UserByUsername(t.Context(), "ada")
	if err != nil || !strings.HasPrefix(user.Password.Encoded(), "pbkdf2_sha256$2$") {
		t.Fatalf("the hash was not renewed: %v", err)
	}
	if a := b.get("/accounts/profile/"); a.StatusCode != 200 {
		t.Errorf("signed out: %d", a.StatusCode)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestPasswordChangeRace: of many who change one password at once, one does, on
// every database.
func TestPasswordChangeRace(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		s.addUser(t, auth.NewUser{Username: "ada"})
		clients := make([]*client, 8)
		for i := range clients {
			clients[i] = s.program(t)
			clients[i].login("ada")
		}
		count := together(len(clients), func(i int) int {
			r := must(http.NewRequestWithContext(t.Context(), "POST", s.URL+"/accounts/password_change/",
				strings.NewReader(`{"old_password":"`+canary+`","new_password1":"`+another+`"}`)))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json")
			return clients[i].send(r).StatusCode
		})
		if count[200] != 1 || count[400]+count[401] != len(clients)-1 {
			t.Errorf("statuses %v", count)
		}
		still := 0
		for _, c := range clients {
			if c.get("/api/profile").StatusCode == 200 {
				still++
			}
		}
		if still != 1 {
			t.Errorf("%d sessions are still good", still)
		}
	})
}

// TestPasswordManagersKnowWhose: a form that asks for a password and not for the name
// tells password managers whose it is, as Django's reset does, without sending it.
func TestPasswordManagersKnowWhose(t *testing.T) {
	s := newMailSite(t)
	s.ada(t)
	b, guest := s.browser(t), s.browser(t)
	b.login("ada")
	set := guest.get(s.resetLink(must(s.auth.UserByUsername(t.Context(), "ada")))).Header.Get("Location")
	for path, c := range map[string]*client{
		"/accounts/password_change/": b, "/accounts/email/": b, "/accounts/close/": b, set: guest,
	} {
		hint := c.get(path).page(t).where("input", "autocomplete", "username")
		if hint.attr("value") != "ada" || !hint.has("hidden") || hint.has("name") || !hint.has("id") {
			t.Errorf("%s: %v", path, hint.Node)
		}
	}
	if hint := guest.get("/accounts/login/").page(t).where("input", "autocomplete", "username"); hint.has("hidden") || !hint.has("name") {
		t.Error("the login page hints at somebody")
	}
}
