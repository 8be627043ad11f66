package coatcheck_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/middleware"
)

// entrance is a way to log in.
type entrance struct {
	change func(*coatcheck.Config)
	// create means that the way creates the account, which so has no factor.
	create bool
	// django means that a Django beside signs the user in, which asks for what it asks for.
	django bool
	enter  func(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client)
}

func loginAs(password string, more ...string) func(*testing.T, *coatchecktest.Site, *coatchecktest.Client) {
	return func(_ *testing.T, _ *coatchecktest.Site, c *coatchecktest.Client) {
		body := map[string]string{"username": "ada", "password": password}
		for i := 0; i < len(more); i += 2 {
			body[more[i]] = more[i+1]
		}
		c.PostJSON("/accounts/login/", body)
	}
}

// newcomer is what a sign-up sends.
var newcomer = map[string]string{"username": "ada", "email": "ada@example.com", "password": factorPassword}

// entrances are all of them.
var entrances = map[string]entrance{
	"login":              {enter: loginAs(factorPassword)},
	"login, remembered":  {enter: loginAs(factorPassword, "remember", "yes")},
	"login, not so":      {enter: loginAs(factorPassword, "remember", "no")},
	"login after a page": {enter: loginAs(factorPassword, "next", "/accounts/name/")},
	"reset by email": {enter: func(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client) {
		user, err := site.Auth.UserByUsername(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		link := "/accounts/reset/" + resettoken.EncodeUID(user.ID) + "/" + site.Auth.MakeResetToken(user) + "/"
		if got := c.PostJSON(link, map[string]string{"new_password1": "another horse"}); got.Status != http.StatusOK {
			t.Errorf("the reset: %d %s", got.Status, got.Body)
		}
		loginAs("another horse")(t, site, c)
	}},
	"sign-up": {
		create: true, change: func(c *coatcheck.Config) { c.Views.LoginAfterSignup = true },
		enter: func(_ *testing.T, _ *coatchecktest.Site, c *coatchecktest.Client) {
			c.PostJSON("/accounts/signup/", newcomer)
		},
	},
	"invitation": {
		create: true, change: func(c *coatcheck.Config) { c.Views.SignupInvitation, c.Views.LoginAfterSignup = true, true },
		enter: func(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client) {
			link, err := site.Accounts.Invite(t.Context(), "", "en")
			if err != nil {
				t.Fatal(err)
			}
			c.PostJSON(strings.TrimPrefix(link, "http://testserver"), newcomer)
		},
	},
	"remote user": {
		change: func(c *coatcheck.Config) {
			c.Web.RemoteUser = &middleware.RemoteUserConfig{Header: "X-Remote-User", Trusted: []string{"127.0.0.0/8", "::1"}}
		},
		enter: func(_ *testing.T, _ *coatchecktest.Site, c *coatchecktest.Client) {
			c.Header.Set("X-Remote-User", "ada")
		},
	},
	"a view of the program's own": {enter: func(_ *testing.T, _ *coatchecktest.Site, c *coatchecktest.Client) { c.PostJSON("/own/", nil) }},
	"a Django beside": {django: true, enter: func(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client) {
		user, err := site.Auth.UserByUsername(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		session := c.Session()
		for key, value := range map[string]string{
			sessionkeys.UserID: user.ID, sessionkeys.Backend: auth.ModelBackendName, sessionkeys.Hash: site.Auth.SessionAuthHash(user),
		} {
			if err := session.Set(t.Context(), key, value); err != nil {
				t.Fatal(err)
			}
		}
		if err := session.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.SetSession(session)
	}},
}

// openToAll are the routes that a login which waits for a step may open as every visitor may, with what
// keeps them from signing anybody in.
var openToAll = map[string]string{
	"login": "it leads to the step", "logout": "it ends the login", "signup": "it goes through Begin",
	"signup_sent": "it sends an email", "signup_confirm": "it signs nobody in", "invitation": "it goes through Begin",
	"password_check": "it judges a password", "password_reset": "it sends an email", "password_reset_done": "likewise",
	"password_reset_confirm": "it takes a token, and signs nobody in", "password_reset_complete": "it says that it is done",
	"password_change_done": "it says that it is done", "email_change_confirm": "it takes a token, and signs nobody in",
	"email_change_done": "it says that it is done", "not_me": "it takes a token, and signs nobody in", "not_me_done": "it says that it is done",
	"account_closed": "it says that it is done", "set_language": "it knows no users",
	"login_code": "it is a step", "login_two_factor": "it is a step",
}

var inPath = regexp.MustCompile(`\{\w+\}`)

// TestSecondFactorDoors: at every door, a user with a factor, or who must have one, is signed in by
// nothing before the step, and the session that waits opens only that step.
func TestSecondFactorDoors(t *testing.T) {
	for name, door := range entrances {
		for _, require := range []twofactor.Require{twofactor.RequireNone, twofactor.RequireAll, ofEditors} {
			for _, has := range []bool{false, true} {
				if door.create && has {
					continue
				}
				sub := name + ", required of " + string(require)
				if has {
					sub += ", with an app"
				}
				t.Run(sub, func(t *testing.T) { tryDoor(t, door, require, has) })
			}
		}
	}
}

// ofEditors requires a factor of the members of the group Editors, to which ada belongs.
const ofEditors twofactor.Require = "the group Editors"

func tryDoor(t *testing.T, door entrance, require twofactor.Require, has bool) {
	site, h := doorSite(t, door, require)
	if !door.create {
		ada := site.CreateUser("ada", factorPassword)
		if require == ofEditors {
			join(t, site, ada, "Editors")
		}
		if has {
			equip(t, site, ada)
		}
	}
	c := site.NewClient(h)
	door.enter(t, site, c)
	step := ""
	switch {
	case door.django:
	case has:
		step = "login_code"
	case require == twofactor.RequireAll, require == ofEditors && !door.create:
		step = "login_two_factor"
	}
	who := c.Get("/who/").Body
	if signedIn := who == "ada"; signedIn != (step == "") {
		t.Fatalf("signed in: %v, want the step %q", signedIn, step)
	}
	if step != "" {
		tryRoutes(t, site, c, step)
	}
}

// doorSite is a site with that door and a view of the program's own.
func doorSite(t *testing.T, door entrance, require twofactor.Require) (*coatchecktest.Site, http.Handler) {
	t.Helper()
	site, pages := factorSite(t, func(c *coatcheck.Config) {
		c.Logins.TwoFactor.Require, c.Logins.ThrottleOff = require, true
		if require == ofEditors {
			c.Logins.TwoFactor = twofactor.Options{RequireGroups: []string{"Editors", "Others"}}
		}
		c.Accounts.Mail, c.Site.BaseURL = unsent{}, "http://testserver"
		if door.change != nil {
			door.change(c)
		}
	})
	own := site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := site.Auth.UserByUsername(r.Context(), "ada")
		if err == nil {
			err = site.Auth.Login(r, user)
		}
		if err != nil {
			middleware.Fail(w, r, err)
		}
	}))
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("POST /own/", own)
	return site, mux
}

// equip adds an app to the account of a user.
func equip(t *testing.T, site *coatchecktest.Site, user *auth.User) {
	t.Helper()
	session := site.Sessions.Session("")
	secret, err := site.TwoFactor.Waiting(t.Context(), session, user)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, secret: strings.ReplaceAll(secret.Key(), " ", "")}
	typed, _ := twofactor.Parse(p.at(0))
	if codes, err := site.TwoFactor.Confirm(t.Context(), session, user, typed); err != nil || len(codes) == 0 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
}

// tryRoutes sends every request that there is a route for. A route for visitors that is not among
// openToAll makes it fail.
func tryRoutes(t *testing.T, site *coatchecktest.Site, c *coatchecktest.Client, step string) {
	t.Helper()
	tried := 0
	for _, r := range site.Views.Routes() {
		if !r.Private && openToAll[r.Name] == "" {
			t.Errorf("the route %q is for visitors, and not among openToAll: say what keeps it from signing in a login that waits", r.Name)
		}
		if r.Name == "logout" {
			continue
		}
		path := inPath.ReplaceAllString(r.Pattern, "none")
		for _, method := range r.Methods {
			request := c.NewRequest(method, path, strings.NewReader(url.Values{"username": {"ada"}, "code": {"000000"}}.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Accept", "application/json")
			got := c.Do(request)
			tried++
			switch {
			case r.Private && got.Status != http.StatusUnauthorized:
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			case (r.Name == "login_code" || r.Name == "login_two_factor") && r.Name != step && got.Status != http.StatusForbidden:
				t.Errorf("the other step, %s %s: %d %s", method, path, got.Status, got.Body)
			case r.Name == step && method == http.MethodGet && got.Status != http.StatusOK:
				t.Errorf("the step, %s %s: %d %s", method, path, got.Status, got.Body)
			}
			if who := c.Get("/who/").Body; who != "AnonymousUser" {
				t.Fatalf("%s %s signed %s in", method, path, who)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d requests were tried", tried)
	}
	c.PostJSON("/accounts/logout/", nil)
	if c.Header.Get("X-Remote-User") != "" {
		return // which begins another login at once
	}
	if got := c.PostJSON("/accounts/login/code/", map[string]string{"code": "000000"}); got.Status != http.StatusForbidden {
		t.Errorf("the login goes on after a logout: %d %s", got.Status, got.Body)
	}
}

// join creates a group and adds the user.
func join(t testing.TB, site *coatchecktest.Site, user *auth.User, group string) {
	t.Helper()
	g := &database.Group{Name: group}
	if err := site.Database.CreateGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if err := site.Database.AddToGroup(t.Context(), user.ID, g.ID); err != nil {
		t.Fatal(err)
	}
}
