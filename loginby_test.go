package coatcheck_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/throttle"
)

// addressed are users by name, with addresses that collide in every way. The password of each
// is their name and a text.
var addressed = []auth.NewUser{
	{Username: "ada", Email: "ada@example.com"},
	{Username: "bea@example.com", Email: "bea@elsewhere.example"},
	{Username: "cleo", Email: "bea@example.com"}, // the username of another
	{Username: "dan", Email: "twins@example.com"},
	{Username: "dora", Email: "Twins@example.com"}, // the address of another
	{Username: "eve", Email: "eve@example.com"},    // inactive
	{Username: "Fay@Example.com", Email: "fay@elsewhere.example"},
	{Username: "fred", Email: "fay@example.com"}, // the username of another, but for the case
	{Username: "gil@example.com", Email: "Gil@example.com"},
	{Username: "hal", Email: ""},
}

const behind = " correct horse"

func addAddressed(t *testing.T, site *coatchecktest.Site) {
	t.Helper()
	for _, n := range addressed {
		n.Password = n.Username + behind
		user, err := site.Auth.CreateUser(t.Context(), n)
		if err == nil && n.Username == "eve" {
			user.IsActive = false
			err = site.Database.UpdateUser(t.Context(), user)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoginBy: which texts open which account, as the site is set up.
func TestLoginBy(t *testing.T) {
	const nobody, shouted = "", "FAY"
	for by, opens := range map[identity.LoginBy]map[string]string{
		identity.ByUsername: {
			"ada": "ada", "ada@example.com": nobody, "bea@example.com": "bea@example.com", "fred": "fred",
		},
		identity.ByEmail: {
			"ada": nobody, "ada@example.com": "ada", "ADA@Example.COM": "ada", "bea@example.com": "cleo", "bea@elsewhere.example": "bea@example.com",
			"twins@example.com": nobody, "eve@example.com": nobody, "fay@example.com": "fred", "": nobody, "@": nobody,
		},
		identity.ByEither: {
			"ada": "ada", "ada@example.com": "ada", " ADA@Example.COM ": "ada",
			"bea@example.com": "bea@example.com", "bea@elsewhere.example": "bea@example.com", "cleo": "cleo",
			"twins@example.com": nobody, "Twins@example.com": nobody, "dan": "dan", "dora": "dora",
			"eve": nobody, "eve@example.com": nobody,
			"Fay@Example.com": "Fay@Example.com", "fay@example.com": shouted, "fay@elsewhere.example": "Fay@Example.com", "fred": "fred",
			"gil@example.com": "gil@example.com", "GIL@EXAMPLE.COM": "gil@example.com",
			"hal": "hal", "hal@example.com": nobody, "@": nobody, "ada@example.com@": nobody,
		},
	} {
		t.Run(string(by), func(t *testing.T) {
			onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
				addAddressed(t, site)
				for text, want := range opens {
					opened := nobody
					for _, n := range addressed { // with every password that there is
						c := site.NewClient(site.Handler(site.Views))
						got := c.Post("/accounts/login/", url.Values{"username": {text}, "password": {n.Username + behind}})
						if got.Status != http.StatusOK {
							continue
						}
						opened += n.Username
						if name, err := c.Session().Text(t.Context(), sessionkeys.Backend); name != auth.ModelBackendName || err != nil {
							t.Errorf("the session's backend is %q, %v", name, err)
						}
					}
					if want == shouted && !strings.Contains(t.Name(), "MariaDB") { // which alone takes both for one username
						want = nobody
					} else if want == shouted {
						want = "Fay@Example.com"
					}
					if opened != want {
						t.Errorf("%q opens %q, want %q", text, opened, want)
					}
				}
			}, func(c *coatcheck.Config) { c.Logins.By, c.Logins.ThrottleOff = by, true })
		})
	}
}

// TestLoginByIsThrottled: guesses at one account count together, by its name, by its address
// and in every spelling, and a text that opens nothing gets the same response.
func TestLoginByIsThrottled(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		addAddressed(t, site)
		try := func(name, password string) int {
			c := site.NewClient(site.Handler(site.Views))
			return c.Post("/accounts/login/", url.Values{"username": {name}, "password": {password}}).Status
		}
		for _, address := range []string{"ada@example.com", "nobody@example.com", "twins@example.com", "bea@example.com"} {
			for i, spelling := range []string{address, strings.ToUpper(address), strings.ToUpper(address[:2]) + address[2:], address} {
				want := http.StatusUnauthorized
				if i == 3 {
					want = http.StatusTooManyRequests
				}
				if got := try(spelling, "wrong"); got != want {
					t.Errorf("guess %d at %s: %d, want %d", i+1, spelling, got, want)
				}
			}
		}
		if got := try("ada", "ada"+behind); got != http.StatusTooManyRequests {
			t.Errorf("the account is guessed at by its name: %d", got)
		}
		if got := try("fred", "fred"+behind); got != http.StatusOK {
			t.Errorf("another account: %d", got)
		}
	}, func(c *coatcheck.Config) {
		c.Logins.By = identity.ByEither
		limit := throttle.Limit{Burst: 3, Every: time.Hour}
		c.Logins.Throttle = attempts.Config{Account: limit, Device: limit, Address: throttle.Limit{Burst: 100, Every: time.Hour}}
	})
}

// TestLoginByOnThePage: the label and the sentence follow.
func TestLoginByOnThePage(t *testing.T) {
	for by, want := range map[identity.LoginBy][2]string{
		identity.ByUsername: {"Username", "a correct username and"}, identity.ByEmail: {"Email", "a correct email address and"},
		identity.ByEither: {"Username or email", "a correct username or email address and"},
	} {
		site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Logins.By = by })
		c := site.NewClient(site.Handler(site.Views))
		if page := ask(c, http.MethodGet, "/accounts/login/", html).Body; !strings.Contains(page, ">"+want[0]+"</label>") {
			t.Errorf("%s: no label %q in %s", by, want[0], page)
		}
		r := c.NewRequest(http.MethodPost, "/accounts/login/", strings.NewReader("username=ada@example.com&password=wrong"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", html)
		if page := c.Do(r).Body; !strings.Contains(page, want[1]) {
			t.Errorf("%s: no %q in %s", by, want[1], page)
		}
	}
}

// TestLoginByIsChecked: what cannot work is an error of New.
func TestLoginByIsChecked(t *testing.T) {
	config := testConfig(t)
	config.Logins.By = "phone"
	if _, err := coatcheck.New(config); err == nil || !strings.Contains(err.Error(), `Config.LoginBy is "phone"`) {
		t.Error(err)
	}
	users := struct{ auth.Users }{config.Database} // which find nobody by email
	for _, by := range []identity.LoginBy{identity.ByEmail, identity.ByEither} {
		if _, err := auth.New(auth.Config{Users: users, Keys: signing.Keys{Secret: testKey}, LoginBy: by}); err == nil || !strings.Contains(err.Error(), "found by email") {
			t.Error(by, err)
		}
	}
}
