package views_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

const (
	mailSent   = "We have sent you an email with a link. Open it to finish."
	usedSignup = `{"error":"This link is used up or too old. If you have confirmed your address already, you can log in. Otherwise sign up again, and you get a new link."}`
)

func verified(c *views.Config) { c.SignupVerification = true }

func TestSignupConfirmPages(t *testing.T) {
	s := newMailSite(t, verified)
	b := s.browser(t)
	if f := b.get("/accounts/signup/").page(t).field("email"); !f.has("required") {
		t.Error("the address may be left out")
	}
	if got := b.form("/accounts/signup/", "username", "ada", "email", "", "password", canary).page(t).fieldError("email"); got != required {
		t.Errorf("no address: %q", got)
	}
	a := b.form("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", canary)
	a.wantRedirect(t, "/accounts/signup/sent/")
	if text := s.browser(t).get("/accounts/signup/sent/").page(t).text(); !strings.Contains(text, mailSent) || s.count(t, "auth_user") != 0 {
		t.Errorf("%d users, %s", s.count(t, "auth_user"), text)
	}
	path := s.letter(t, "ada@example.com", "Confirm your address")
	for range 100 {
		a = s.browser(t).get(path)
	}
	neverCached(t, a)
	if page := a.page(t); !strings.Contains(page.text(), "Welcome, ada!") || page.where("form", "method", "post").one("button").text() != "Create account" {
		t.Error(page.text())
	}
	if s.count(t, "auth_user") != 0 || a.Header.Get("Referrer-Policy") != "same-origin" || a.cookie() != "" {
		t.Error("to look at the link did something, or its token may go out")
	}
	b.form(path).wantRedirect(t, "/accounts/login/")
	b.get("/accounts/login/").wantFilledIn(t, "ada")
	for _, a := range []*answer{b.get(path), b.form(path)} {
		if page := a.page(t); a.StatusCode != 410 || page.where("a", "href", "/accounts/signup/").Node == nil || !strings.Contains(page.text(), "used up or too old") {
			t.Errorf("%d %s", a.StatusCode, page.text())
		}
	}
	b.login("ada").wantRedirect(t, "/accounts/profile/")
}

func TestSignupConfirmJSON(t *testing.T) {
	s := newMailSite(t, verified)
	p := s.program(t)
	p.json("/accounts/signup/", `{"username":"ada","email":"ada@example.com","password":"`+canary+`"}`).wantJSON(t, 200, `{"message":"`+mailSent+`"}`)
	path := s.letter(t, "ada@example.com", "Confirm your address")
	p.get(path).wantJSON(t, 200, `{"username":"ada","message":"Send a POST request to create the account."}`)
	p.form(path).wantJSON(t, 201, `{"message":"User created successfully"}`)
	p.form(path).wantJSON(t, 410, usedSignup)
	p.get(path).wantJSON(t, 410, usedSignup)
	p.get("/accounts/signup/confirm/"+strings.Repeat("x", 999)+"/").wantJSON(t, 410, usedSignup)
	p.form("/accounts/signup/", "username", "ADA", "email", "x@example.com", "password", canary).wantJSON(t, 409,
		`{"error":"Username: `+taken+`","fields":{"username":["`+taken+`"]}}`)
}

// TestSignupConfirmTellsNothing: an address that has an account gets the same response
// and another email.
func TestSignupConfirmTellsNothing(t *testing.T) {
	s := newMailSite(t, verified)
	s.ada(t)
	var texts []string
	for _, email := range []string{"ada@example.com", "new@example.com"} {
		a := s.program(t).form("/accounts/signup/", "username", "grace", "email", email, "password", canary)
		texts = append(texts, a.Status+a.text)
	}
	mails := s.deliver(t)
	if texts[0] != texts[1] || len(mails) != 2 || strings.Contains(mails[0].Text, "/confirm/") || !strings.Contains(mails[0].Text, "account") ||
		!strings.Contains(mails[1].Text, "/confirm/") {
		t.Errorf("%q %v", texts, subjects(mails))
	}
}

// TestSignupConfirmTaken: a username that was taken concurrently is told, and the way to
// another one.
func TestSignupConfirmTaken(t *testing.T) {
	s := newMailSite(t, verified)
	b := s.browser(t)
	b.form("/accounts/signup/", "username", "ada", "email", "lovelace@example.com", "password", canary)
	path := s.letter(t, "lovelace@example.com", "Confirm")
	s.ada(t)
	a := b.form(path)
	if page := a.page(t); a.StatusCode != 409 || page.where("a", "href", "/accounts/signup/").Node == nil || !strings.Contains(page.text(), "Another user took this username") {
		t.Errorf("%d %s", a.StatusCode, page.text())
	}
	if a := s.program(t).form(path); a.StatusCode != 409 || s.count(t, "auth_user") != 1 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

// TestSignupConfirmOnce: a link makes one account, however often it is used at once.
func TestSignupConfirmOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db, verified)
		p := s.program(t)
		p.form("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", canary)
		path := s.letter(t, "ada@example.com", "Confirm")
		count := together(16, func(int) int { return s.program(t).form(path).StatusCode })
		if count[201] != 1 || count[410] != 15 || s.count(t, "auth_user") != 1 {
			t.Errorf("statuses %v, %d users", count, s.count(t, "auth_user"))
		}
	})
}

// TestSignupConfirmByEmail: where users sign in by their address, nobody learns from
// the page whether one has an account.
func TestSignupConfirmByEmail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "members.db")
	first := must(sqlite.Open(t.Context(), path))
	_, err := first.SQL().ExecContext(t.Context(), `CREATE TABLE member (id integer PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL,
		last_login datetime, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL,
		email varchar(254) NOT NULL UNIQUE)`)
	must(0, err)
	must(0, first.Close())
	db := must(sqlite.Config{DSN: path, UserModel: database.UserModel{
		Table: "member", UsernameColumn: "email", Columns: map[string]string{"first_name": "", "last_name": "", "is_superuser": ""},
	}}.Open(t.Context()))
	t.Cleanup(func() { db.Close() })
	s := mailSite(t, db, verified)
	s.addUser(t, auth.NewUser{Email: "ada@example.com"})
	for _, email := range []string{"ada@example.com", "new@example.com"} {
		s.program(t).form("/accounts/signup/", "email", email, "password", canary).wantJSON(t, 200, `{"message":"`+mailSent+`"}`)
	}
	mails := s.deliver(t)
	if len(mails) != 2 || strings.Contains(mails[0].Text, "/confirm/") {
		t.Fatalf("mails: %v", subjects(mails))
	}
	confirm := linkPattern.FindStringSubmatch(mails[1].Text)[1]
	s.addUser(t, auth.NewUser{Email: "new@example.com"})
	a := s.browser(t).form(confirm)
	if page := a.page(t); a.StatusCode != 409 || page.where("a", "href", "/accounts/login/").Node == nil || page.one("h1").text() != "You have an account already" {
		t.Errorf("%d %s", a.StatusCode, page.text())
	}
}

// TestSignupConfig: what cannot work is refused with the remedy.
func TestSignupConfig(t *testing.T) {
	s := newMailSite(t)
	silent := must(accounts.New(accounts.Config{Database: s.db, Auth: s.auth, Sessions: engine(t, s.db), Keys: signing.Keys{Secret: secretKey}}))
	for want, c := range map[string]views.Config{
		"needs emails":   {Options: views.Options{SignupVerification: true}},
		"set Mail and":   {Options: views.Options{SignupVerification: true}, Accounts: silent},
		"needs Config.A": {Options: views.Options{SignupInvitation: true}},
		"set one of":     {Options: views.Options{SignupInvitation: true, SignupClosed: true}, Accounts: s.accounts},
		"with SignupVe":  {Options: views.Options{SignupInvitation: true, SignupVerification: true}, Accounts: s.accounts},
	} {
		c.Auth = s.auth
		if _, err := views.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, path := range []string{"/accounts/signup/sent/", "/accounts/signup/confirm/x/", "/accounts/invitation/x/"} {
		if a := s.program(t).get(path); a.StatusCode != 404 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func invited(c *views.Config) { c.SignupInvitation = true }

const usedInvitation = `{"error":"This link is used up or too old. If you have made your account already, you can log in. Otherwise ask the person who invited you for another invitation."}`

// invitationLink is the path of an invitation, which is mailed if it has an address.
func (s *site) invitationLink(t testing.TB, email string) string {
	t.Helper()
	link := must(s.accounts.Invite(context.Background(), email, "en"))
	path, ours := strings.CutPrefix(link, baseURL)
	if !ours {
		t.Fatalf("the link is %s", link)
	}
	return path
}

func TestInvitation(t *testing.T) {
	s := newMailSite(t, invited)
	b, p := s.browser(t), s.program(t)
	for _, c := range []*client{b, p} {
		if a := c.form("/accounts/signup/", "username", "ada", "password", canary); a.StatusCode != 403 || !strings.Contains(a.text, "by invitation") {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	}
	if b.get("/accounts/login/").page(t).where("a", "href", "/accounts/signup/").Node != nil {
		t.Error("the login page leads to a sign-up that is by invitation only")
	}

	path := s.invitationLink(t, "Ada@example.com")
	if s.letter(t, "Ada@example.com", "You are invited") != path {
		t.Error("another link was mailed")
	}
	a := b.get(path)
	neverCached(t, a)
	if f := a.page(t).field("email"); f.attr("value") != "Ada@example.com" || !f.has("readonly") {
		t.Errorf("%v", f.Attr)
	}
	if f := b.form(path, "username", "", "password", "1").page(t); f.fieldError("username") != required || f.fieldError("password") == "" || f.field("email").attr("value") != "Ada@example.com" {
		t.Error(f.text())
	}
	b.form(path, "username", "ada", "email", "eve@example.com", "password", canary).wantRedirect(t, "/accounts/login/")
	if user := must(s.auth.UserByUsername(t.Context(), "ada")); user.Email != "Ada@example.com" {
		t.Errorf("the address is %q", user.Email)
	}
	if a := b.get(path); a.StatusCode != 410 || !strings.Contains(a.page(t).text(), "ask the person who invited you") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	p.json(path, `{}`).wantJSON(t, 410, usedInvitation)

	path = s.invitationLink(t, "")
	p.get(path).wantJSON(t, 200, `{"message":"Send username and password by POST, as a form or as JSON."}`)
	p.form(path, "username", "Ada", "password", canary).wantJSON(t, 409, `{"error":"Username: `+taken+`","fields":{"username":["`+taken+`"]}}`)
	p.form(path, "username", "grace", "email", "grace@example.com", "password", canary).wantJSON(t, 201, `{"message":"User created successfully"}`)
	if user := must(s.auth.UserByUsername(t.Context(), "grace")); user.Email != "grace@example.com" {
		t.Errorf("the address is %q", user.Email)
	}
}

// TestInvitationOnce: an invitation makes one account, however many try at once.
func TestInvitationOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db, invited)
		path := s.invitationLink(t, "")
		count := together(16, func(i int) int {
			return s.program(t).form(path, "username", "user"+string(rune('a'+i)), "password", canary).StatusCode
		})
		if count[201] != 1 || count[410] != 15 || s.count(t, "auth_user") != 1 {
			t.Errorf("statuses %v, %d users", count, s.count(t, "auth_user"))
		}
	})
}

// meeting are users of whom none is made before several are asked for.
type meeting struct {
	*database.DB
	awaited sync.WaitGroup
}

// Fits is what auth asks of a user between reading a link and using it up.
func (m *meeting) Fits(ctx context.Context, u *database.User) error {
	m.awaited.Done()
	m.awaited.Wait()
	return m.DB.Fits(ctx, u)
}

// TestInvitationAtOnce: a link that several have read before one of them uses it up makes
// one account.
func TestInvitationAtOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		users := &meeting{DB: db}
		s := mailSiteOf(t, db, users, invited)
		path := strings.Split(s.invitationLink(t, ""), "/")
		token := path[len(path)-2]
		const guests = 4
		users.awaited.Add(guests)
		count := together(guests, func(i int) int {
			_, err := s.accounts.AcceptInvitation(t.Context(), token, auth.NewUser{Username: fmt.Sprint("user", i), Password: canary})
			switch {
			case err == nil:
				return 201
			case errors.Is(err, accounts.ErrLink):
				return 410
			}
			t.Error(err)
			return 500
		})
		if count[201] != 1 || count[410] != guests-1 || s.count(t, "auth_user") != 1 {
			t.Errorf("%v, %d users", count, s.count(t, "auth_user"))
		}
	})
}
