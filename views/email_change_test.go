package views_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// mailOf returns the address that is stored for a user.
func (s *site) mailOf(t testing.TB, username string) string {
	t.Helper()
	user, err := s.auth.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	return user.Email
}

func TestEmailChangePage(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	s.browser(t).get("/accounts/email/").wantRedirect(t, "/accounts/login/?next=/accounts/email/")
	b := s.enter(t, "ada", firefox)
	if link := b.get("/accounts/profile/").page(t).where("a", "href", "/accounts/email/"); link.Node == nil {
		t.Error("the profile does not link to it")
	}
	page := b.get("/accounts/email/").page(t)
	if page.field("email").attr("autocomplete") != "email" || page.field("password").attr("autocomplete") != "current-password" ||
		!strings.Contains(page.one("main").text(), "ada@example.com") {
		t.Error(page.one("main").text())
	}
	b.form("/accounts/email/", "email", " lovelace@Example.COM ", "password", canary).wantRedirect(t, "/accounts/email/sent/")
	if got := b.get("/accounts/email/sent/").page(t).one("h1").text(); got != "Check your email" {
		t.Errorf("%q", got)
	}
	link := s.confirm(t, "lovelace@example.com", "ada@example.com")

	// The link works in any browser, signed in or not, and looking at it changes nothing.
	other := s.browser(t)
	for range 3 {
		a := other.get(link)
		page = a.page(t)
		if a.StatusCode != http.StatusOK || !strings.Contains(page.one("main").text(), "lovelace@example.com") || page.one("form").attr("method") != "post" {
			t.Errorf("%d %s", a.StatusCode, page.one("main").text())
		}
		if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") || a.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%v", a.Header)
		}
	}
	if got := s.mailOf(t, "ada"); got != "ada@example.com" {
		t.Errorf("a GET made it %q", got)
	}
	other.form(link).wantRedirect(t, "/accounts/profile/")
	other.get("/accounts/login/?next=/accounts/profile/").wantNotice(t, "Your account uses your new address from now on. We have told the old one.")
	other.get("/accounts/email/done/").wantRedirect(t, "/accounts/profile/")
	if got := s.mailOf(t, "ada"); got != "lovelace@example.com" {
		t.Errorf("the address is %q", got)
	}
	b.wantIn(true)
	other.wantIn(false)
	for _, a := range []*answer{other.get(link), other.form(link), other.get("/accounts/email/confirm/x/")} {
		page = a.page(t)
		if a.StatusCode != http.StatusGone || page.one("main").one("a").attr("href") != "/accounts/email/" {
			t.Errorf("%d %s", a.StatusCode, page.one("main").text())
		}
	}
	if undo := s.letter(t, "ada@example.com", "was changed"); !strings.HasPrefix(undo, "/accounts/not-me/") {
		t.Errorf("the old address is told %q", undo)
	}
}

func TestEmailChangeJSON(t *testing.T) {
	s := newMailSite(t)
	s.user(t, "ada")
	p := s.program(t)
	p.login("ada")
	p.get("/accounts/email/").wantJSON(t, 200, `{"message":"Send email and password by POST, as a form or as JSON."}`)
	field := func(name, label, sentence string) string {
		return `{"error":"` + label + `: ` + sentence + `","fields":{"` + name + `":["` + sentence + `"]}}`
	}
	const wrong = "Your password was entered incorrectly. Please enter it again."
	for _, tt := range []struct{ body, want string }{
		{`{"email":"new@example.com","password":"wrong"}`, field("password", "Password", wrong)},
		{`{"email":"new@example.com"}`, field("password", "Password", required)},
		{`{"email":"new@example.com","password":7}`, field("password", "Password", "Enter text.")},
		{`{"email":" ","password":"wrong"}`, field("email", "New email address", required)},
		{`{"email":"nobody","password":"wrong"}`, field("email", "New email address", "Enter a valid email address.")},
		{`{"email":"ada@example.com","password":"wrong"}`, field("email", "New email address", "This is your address already.")},
	} {
		p.json("/accounts/email/", tt.body).wantJSON(t, 400, tt.want)
	}
	if mails := s.deliver(t); len(mails) > 0 {
		t.Errorf("mails: %v", subjects(mails))
	}
	p.json("/accounts/email/", `{"email":"new@example.com","password":"`+canary+`"}`).wantJSON(t, 200, `{"message":"A link was sent to the new address"}`)
	link := s.confirm(t, "new@example.com", "ada@example.com")
	p.get(link).wantJSON(t, 200, `{"message":"Send a POST to use this address","email":"new@example.com"}`)
	p.json(link, "").wantJSON(t, 200, `{"message":"Your email address was changed"}`)
	p.json(link, "").wantJSON(t, 410, `{"error":"This link is used up or too old. If your address has not been changed yet, ask for a new link."}`)
	p.get("/accounts/email/sent/").wantJSON(t, 200, `{"message":"A link was sent to the new address"}`)
	p.get("/accounts/email/done/").wantJSON(t, 200, `{"message":"Your email address was changed"}`)
}

// memberTable is the tables of a model whose users sign in by their address.
const memberTable = `CREATE TABLE member (id integer PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime,
	is_superuser bool NOT NULL, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL UNIQUE,
	is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL);
	CREATE TABLE member_groups (id integer PRIMARY KEY, member_id integer NOT NULL, group_id integer NOT NULL);
	CREATE TABLE member_user_permissions (id integer PRIMARY KEY, member_id integer NOT NULL, permission_id integer NOT NULL)`

// emailSite is a site whose users sign in by their address.
func emailSite(t *testing.T) *site {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.db")
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), memberTable); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = sqlite.Config{DSN: path, UserModel: database.UserModel{Table: "member", UsernameColumn: "email"}}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return mailSite(t, db)
}

// Where users sign in by their address, the form tells nobody who has one, and the
// email reaches its owner alone.
func TestEmailChangeToATakenAddress(t *testing.T) {
	s := emailSite(t)
	for _, name := range []string{"ada", "joe"} {
		s.addUser(t, auth.NewUser{Email: name + "@example.com"})
	}
	p := s.program(t)
	p.login("ada@example.com").wantUser(t, "message", "Login successful", "ada@example.com")
	free := p.form("/accounts/email/", "email", "free@example.com", "password", canary)
	freeLink := s.confirm(t, "free@example.com", "ada@example.com")
	taken := p.form("/accounts/email/", "email", "joe@example.com", "password", canary)
	if free.StatusCode != taken.StatusCode || free.text != taken.text {
		t.Errorf("free: %d %s, taken: %d %s", free.StatusCode, free.text, taken.StatusCode, taken.text)
	}
	takenLink := s.confirm(t, "joe@example.com", "ada@example.com")
	sentence := "Another account uses this address. Please choose another one, or log in to that account."
	p.form(takenLink).wantJSON(t, 409, `{"error":"`+sentence+`"}`)
	if text := s.browser(t).form(takenLink).page(t).one("main").text(); !strings.HasPrefix(text, "Another account uses this address") {
		t.Error(text)
	}
	if a := p.form(freeLink); a.StatusCode != http.StatusGone { // the later change ended it
		t.Errorf("%d", a.StatusCode)
	}
	p.form("/accounts/email/", "email", "free@example.com", "password", canary)
	p.form(s.confirm(t, "free@example.com", "ada@example.com")).wantJSON(t, 200, `{"message":"Your email address was changed"}`)
	p.get("/api/profile").wantUser(t, "profile", "private data", "free@example.com")
	s.program(t).login("free@example.com").wantUser(t, "message", "Login successful", "free@example.com")
	s.program(t).login("ada@example.com").wantJSON(t, 401, `{"error":"Invalid credentials"}`)
}

// revive stores a link anew that a later change ended, as where two changes began
// at the very same time.
func (s *site) revive(t *testing.T, path string) func() {
	t.Helper()
	parts := strings.Split(strings.Trim(path, "/"), "/")
	sum := sha256.Sum256([]byte(parts[len(parts)-1]))
	link, err := own.New(s.db).LinkByToken(t.Context(), hex.EncodeToString(sum[:]), "email", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := own.New(s.db).InsertLink(t.Context(), *link); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two changes whose links are used at once by many, one wins, and the address is
// the one in its link.
func TestEmailChangeRace(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		s.user(t, "ada")
		p := s.program(t)
		p.login("ada")
		for round := range 3 {
			var links, addresses [2]string
			var again func()
			for i := range links {
				addresses[i] = fmt.Sprintf("new%d%d@example.com", round, i)
				p.form("/accounts/email/", "email", addresses[i], "password", canary).wantJSON(t, 200, `{"message":"A link was sent to the new address"}`)
				links[i] = s.confirm(t, addresses[i], s.mailOf(t, "ada"))
				if i == 0 {
					again = s.revive(t, links[0])
				}
			}
			again()
			clients := make([]*client, 32)
			for i := range clients {
				clients[i] = s.program(t)
			}
			var mu sync.Mutex
			var winners []string
			count := together(len(clients), func(i int) int {
				status := clients[i].form(links[i%2]).StatusCode
				if status == http.StatusOK {
					mu.Lock()
					defer mu.Unlock()
					winners = append(winners, addresses[i%2])
				}
				return status
			})
			if count[http.StatusOK] != 1 || count[http.StatusGone] != len(clients)-1 {
				t.Fatalf("statuses: %v", count)
			}
			if got := s.mailOf(t, "ada"); got != winners[0] {
				t.Errorf("the address is %q, and the link that won was for %q", got, winners[0])
			}
			s.deliver(t)
		}
	})
}

// Changes that begin at once never let a link confirm another address than its own.
func TestEmailChangesBegunAtOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db *database.DB) {
		s := mailSite(t, db)
		s.user(t, "ada")
		p := s.program(t)
		p.login("ada")
		together(8, func(i int) int {
			return p.form("/accounts/email/", "email", fmt.Sprintf("new%d@example.com", i), "password", canary).StatusCode
		})
		for _, m := range s.deliver(t) {
			if strings.Contains(m.Subject, "is about to change") {
				continue
			}
			link := linkPattern.FindStringSubmatch(m.Text)[1]
			if a := s.program(t).form(link); a.StatusCode == http.StatusOK && s.mailOf(t, "ada") != m.To {
				t.Errorf("the link for %s made it %s", m.To, s.mailOf(t, "ada"))
			}
			s.deliver(t)
		}
		if s.mailOf(t, "ada") == "ada@example.com" {
			t.Error("no link was good")
		}
	})
}

// A link is good for the account as it was: not once it is closed or inactive.
func TestEmailChangeOfInactiveUsers(t *testing.T) {
	s := newMailSite(t)
	ada := s.user(t, "ada")
	p := s.program(t)
	p.login("ada")
	p.form("/accounts/email/", "email", "new@example.com", "password", canary)
	link := s.confirm(t, "new@example.com", "ada@example.com")
	ada.IsActive = false
	if err := s.db.UpdateUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if a := p.form(link); a.StatusCode != http.StatusGone {
		t.Errorf("%d", a.StatusCode)
	}
}

// Without email there is no such page.
func TestNoEmailChangeWithoutMail(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	for _, path := range []string{"/accounts/email/", "/accounts/email/confirm/x/"} {
		if a := s.browser(t).get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}
