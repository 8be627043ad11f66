package conformance_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// side is one of the twins.
type side interface{ URL(path string) string }

// pair is Django and Coatcheck on one database.
type pair struct {
	django *twin
	own    *own
	db     testenv.Database
}

// TestTwins runs a real Django and Coatcheck on the same database, and holds that
// each accepts what the other did, in both directions: every Django that is on
// this machine, on every database. In half of the pairs Coatcheck creates the
// tables and Django finds nothing left to do, in the other half Django does.
func TestTwins(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		for i, db := range testenv.Databases(t) {
			t.Run(db.Engine, func(t *testing.T) {
				p := newPair(t, version, db, (i+len(version)+int(version[0]))%2 == 0)
				for _, one := range scenarios {
					t.Run(one.name+", Django first", func(t *testing.T) { one.run(t, p.django, p.own, "dj "+one.name) })
					t.Run(one.name+", Coatcheck first", func(t *testing.T) { one.run(t, p.own, p.django, "cc "+one.name) })
				}
				t.Run("superuser by the command line", func(t *testing.T) { superuser(t, p) })
				t.Logf("Django %s and Coatcheck agree on %s", version, db.Engine)
			})
		}
	})
}

func newPair(t *testing.T, version string, db testenv.Database, djangoCreates bool) pair {
	t.Helper()
	p := pair{django: newTwin(t, version, db), db: db}
	if djangoCreates {
		p.django.Manage("migrate")
		p.own = newOwn(t, db)
	} else {
		p.own = newOwn(t, db)
		p.django.Manage("migrate", "--check")
	}
	p.django.Start()
	return p
}

// scenarios are run on a pair of sides in both orders; name is for the users.
var scenarios = []struct {
	name string
	run  func(t *testing.T, a, b side, name string)
}{
	{"sign up, then log in there", signUpThenLogIn},
	{"log in, then the page there", logInThenPage},
	{"log out, and out there", logOut},
	{"change the password", changePassword},
	{"deactivate", deactivate},
	{"session items", sessionItems},
	{"anonymous items", anonymousItems},
}

const somePassword = "corréct horse ☃"

func account(name string) fields {
	address := strings.NewReplacer(" ", "_", ",", "").Replace(name) + "@example.com" // a username too
	return fields{"username": address, "password": somePassword, "email": address}
}

// loggedIn creates a browser that signed up and logged in on the side.
func loggedIn(t *testing.T, s side, user fields) *browser {
	t.Helper()
	b := newBrowser(t)
	b.post(s.URL("/accounts/signup/"), user) // 201, or 409 for the second browser of one user
	b.wants(b.post(s.URL("/accounts/login/"), user), http.StatusOK)
	return b
}

func signUpThenLogIn(t *testing.T, a, b side, name string) {
	user, browser := account(name), newBrowser(t)
	browser.wants(browser.post(a.URL("/accounts/signup/"), user), http.StatusCreated)
	browser.wants(browser.post(b.URL("/accounts/signup/"), user), http.StatusConflict)
	browser.wants(browser.get(b.URL("/accounts/profile/")), http.StatusFound)
	wrong := fields{"username": user["username"], "password": "wrong"}
	browser.wants(browser.post(b.URL("/accounts/login/"), wrong), http.StatusUnauthorized)
	browser.wants(browser.post(b.URL("/accounts/login/"), user), http.StatusOK)
	browser.wants(browser.get(b.URL("/accounts/profile/")), http.StatusOK)
}

func logInThenPage(t *testing.T, a, b side, name string) {
	browser := loggedIn(t, a, account(name))
	browser.wants(browser.get(b.URL("/accounts/profile/")), http.StatusOK)
	here, there := browser.get(a.URL("/twin/whoami/")), browser.get(b.URL("/twin/whoami/"))
	for _, field := range []string{"user", "user_id", "is_authenticated", "session_key", "session"} {
		if here.field(field) == "" || here.field(field) != there.field(field) {
			t.Errorf("%s: %q here and %q there", field, here.field(field), there.field(field))
		}
	}
	// A second login of the same user, on the other application, keeps the session.
	browser.wants(browser.post(b.URL("/accounts/login/"), account(name)), http.StatusOK)
	if again := browser.get(a.URL("/twin/whoami/")); again.field("session_key") != here.field("session_key") {
		t.Error("the same user's second login changed the session key")
	}
}

func logOut(t *testing.T, a, b side, name string) {
	browser := loggedIn(t, a, account(name))
	thief := newBrowser(t)
	thief.client.Jar.SetCookies(mustParse(t, a.URL("/")), browser.client.Jar.Cookies(mustParse(t, a.URL("/"))))
	thief.wants(thief.get(b.URL("/accounts/profile/")), http.StatusOK)
	browser.wants(browser.post(a.URL("/accounts/logout/"), fields{}), http.StatusOK)
	browser.wants(browser.get(b.URL("/accounts/profile/")), http.StatusFound)
	thief.wants(thief.get(b.URL("/accounts/profile/")), http.StatusFound)
	thief.wants(thief.get(a.URL("/accounts/profile/")), http.StatusFound)
}

func changePassword(t *testing.T, a, b side, name string) {
	user := account(name)
	here, elsewhere := loggedIn(t, a, user), loggedIn(t, b, user)
	elsewhere.wants(elsewhere.get(b.URL("/accounts/profile/")), http.StatusOK)
	here.wants(here.post(a.URL("/twin/password/"), fields{"old": somePassword, "new": "battery staple"}), http.StatusOK)
	for _, s := range []side{a, b} {
		here.wants(here.get(s.URL("/accounts/profile/")), http.StatusOK)
		elsewhere.wants(elsewhere.get(s.URL("/accounts/profile/")), http.StatusFound)
	}
	elsewhere.wants(elsewhere.post(b.URL("/accounts/login/"), user), http.StatusUnauthorized)
	user["password"] = "battery staple"
	elsewhere.wants(elsewhere.post(b.URL("/accounts/login/"), user), http.StatusOK)
	here.wants(here.get(a.URL("/accounts/profile/")), http.StatusOK)
}

func deactivate(t *testing.T, a, b side, name string) {
	user := account(name)
	browser := loggedIn(t, b, user)
	browser.wants(browser.post(a.URL("/twin/deactivate/"), fields{"username": user["username"]}), http.StatusOK)
	for _, s := range []side{a, b} {
		browser.wants(browser.get(s.URL("/accounts/profile/")), http.StatusFound)
		if got := browser.get(s.URL("/twin/whoami/")).field("is_authenticated"); got != "false" {
			t.Errorf("a user who is not active is authenticated: %s", got)
		}
		browser.wants(browser.post(s.URL("/accounts/login/"), user), http.StatusUnauthorized)
	}
}

// sessionItems: what one side stores the other reads, keeps and adds to.
func sessionItems(t *testing.T, a, b side, name string) {
	browser := loggedIn(t, a, account(name))
	items := fields{"cart": []any{"ü☃😀", 1, 2.5, nil, true}, "long": strings.Repeat("many words ", 100)}
	browser.wants(browser.post(a.URL("/twin/session/"), items), http.StatusOK)
	browser.wants(browser.post(b.URL("/twin/session/"), fields{"added": map[string]any{"deep": []any{map[string]any{}}}, "long": nil}), http.StatusOK)
	here, there := browser.get(a.URL("/twin/whoami/")), browser.get(b.URL("/twin/whoami/"))
	if here.field("session") != there.field("session") || !strings.Contains(here.field("session"), "ü☃😀") ||
		!strings.Contains(here.field("session"), "deep") || strings.Contains(here.field("session"), "many words") {
		t.Errorf("here %s\nthere %s", here.field("session"), there.field("session"))
	}
}

// anonymousItems: a visitor's session of one side goes along into a login on the
// other, under a new key.
func anonymousItems(t *testing.T, a, b side, name string) {
	user, browser := account(name), newBrowser(t)
	browser.wants(browser.post(a.URL("/accounts/signup/"), user), http.StatusCreated)
	browser.wants(browser.post(a.URL("/twin/session/"), fields{"cart": 7}), http.StatusOK)
	before := browser.get(b.URL("/twin/whoami/"))
	browser.wants(browser.post(b.URL("/accounts/login/"), user), http.StatusOK)
	after := browser.get(a.URL("/twin/whoami/"))
	if before.field("session_key") == after.field("session_key") || !strings.Contains(after.field("session"), "cart:7") {
		t.Errorf("before %s\nafter %s", before.body, after.body)
	}
}

var csrfField = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)

// superuser: one whom Coatcheck's command line made logs in to Django's admin,
// and is the same superuser on Coatcheck's side.
func superuser(t *testing.T, p pair) {
	coatcheckCommand(t, p.db, []string{"DJANGO_SUPERUSER_PASSWORD=" + somePassword},
		"createsuperuser", "--noinput", "--username", "boss", "--email", "boss@example.com")
	b := newBrowser(t)
	form := b.wants(b.get(p.django.URL("/admin/login/")), http.StatusOK)
	token := csrfField.FindStringSubmatch(form.body)
	if token == nil {
		t.Fatalf("no token in the admin's login form: %s", form.body)
	}
	response, err := b.client.PostForm(p.django.URL("/admin/login/"), url.Values{
		"csrfmiddlewaretoken": {token[1]}, "username": {"boss"}, "password": {somePassword}, "next": {"/admin/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusFound {
		t.Fatalf("the admin's login: %s\n%s", response.Status, body)
	}
	if page := b.wants(b.get(p.django.URL("/admin/")), http.StatusOK); !strings.Contains(page.body, "boss") {
		t.Errorf("the admin does not greet boss: %s", page.body)
	}
	if got := b.get(p.own.URL("/twin/whoami/")); got.field("user") != "boss" || got.field("is_superuser") != "true" {
		t.Errorf("Coatcheck sees %s", got.body)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
