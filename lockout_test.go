package coatcheck_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browsers are those of one site.
type browsers struct {
	t      *testing.T
	server *httptest.Server
}

// open opens one without cookies.
func (b *browsers) open() *client { return newClient(b.t, b.server) }

// guess tries to log in from a browser that nobody knows.
func (b *browsers) guess(name, password string) int { return b.login(b.open(), name, password) }

func (b *browsers) login(c *client, name, password string) int {
	form := url.Values{"username": {name}, "password": {password}}
	response, _ := c.do("POST", "/accounts/login/", form.Encode())
	return response.StatusCode
}

// lockable is a site with a user "Name" on SQLite and on MariaDB.
func lockable(t *testing.T, test func(t *testing.T, site *coatcheck.Site, user *auth.User, b *browsers)) {
	t.Helper()
	for engine, open := range map[string]func(*testing.T) *database.DB{
		"sqlite": openDB,
		"mysql": func(t *testing.T) *database.DB {
			db, err := mysql.Open(t.Context(), testenv.MariaDBDatabase(t).DSN())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		},
	} {
		t.Run(engine, func(t *testing.T) {
			config := testConfig(t)
			config.Database = open(t)
			site, err := coatcheck.New(config)
			if err != nil {
				t.Fatal(err)
			}
			user, err := site.Auth.CreateUser(t.Context(), auth.NewUser{
				Username: "Name", Email: "name@example.com", Password: "correct horse battery",
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, site, user, &browsers{t, serve(t, site)})
		})
	}
}

// TestSpellingTellsNoAccount: ten wrong logins in one spelling and one in another get
// the same responses, whether the account exists or not.
func TestSpellingTellsNoAccount(t *testing.T) {
	lockable(t, func(t *testing.T, _ *coatcheck.Site, _ *auth.User, b *browsers) {
		var got [2]string
		for i, name := range [][2]string{{"NAME", "Name"}, {"NOBODY", "Nobody"}} {
			for range 10 {
				got[i] += fmt.Sprint(b.guess(name[0], "wrong"), " ")
			}
			got[i] += fmt.Sprint(b.guess(name[1], "wrong"))
		}
		if got[0] != got[1] {
			t.Errorf("an account that exists: %s\none that does not: %s", got[0], got[1])
		}
	})
}

// TestResetUnlocks: after ten wrong passwords of somebody else, a password set by a
// link of an email opens the account, from that browser whatever happens next.
func TestResetUnlocks(t *testing.T) {
	lockable(t, func(t *testing.T, site *coatcheck.Site, user *auth.User, b *browsers) {
		lock := func() {
			t.Helper()
			for range 12 {
				b.guess("Name", "wrong")
			}
			if got := b.guess("Name", "correct horse battery"); got != http.StatusTooManyRequests {
				t.Fatalf("a locked account: %d", got)
			}
		}
		lock()
		owner := b.open()
		link := "/accounts/reset/" + resettoken.EncodeUID(user.ID) + "/" + site.Auth.MakeResetToken(user) + "/"
		if response, body := owner.do("POST", link, "new_password1=another+horse+battery"); response.StatusCode != http.StatusOK {
			t.Fatalf("the link: %s %s", response.Status, body)
		}
		if got := b.guess("Name", "another horse battery"); got != http.StatusOK {
			t.Errorf("any browser, after the reset: %d", got)
		}
		lock()
		if got := b.login(owner, "Name", "another horse battery"); got != http.StatusOK {
			t.Errorf("the browser that the link was opened in: %d", got)
		}
	})
}

// TestPasswordChangeKeepsTheDevice: the browser in which the password was changed is
// a known one afterwards.
func TestPasswordChangeKeepsTheDevice(t *testing.T) {
	lockable(t, func(t *testing.T, _ *coatcheck.Site, _ *auth.User, b *browsers) {
		owner := b.open()
		if got := b.login(owner, "Name", "correct horse battery"); got != http.StatusOK {
			t.Fatal(got)
		}
		form := "old_password=correct+horse+battery&new_password1=another+horse+battery"
		if response, body := owner.do("POST", "/accounts/password_change/", form); response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", response.Status, body)
		}
		owner.do("POST", "/accounts/logout/", "")
		for range 12 {
			b.guess("Name", "wrong")
		}
		if got := b.login(owner, "Name", "another horse battery"); got != http.StatusOK {
			t.Errorf("the owner gets %d", got)
		}
	})
}
