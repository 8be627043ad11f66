package coatcheck_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestWhoAmI: a login and the profile say in JSON who the user is, and what they may do only
// if that is asked for.
func TestWhoAmI(t *testing.T) {
	const secret = "correct horse"
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		ctx := t.Context()
		ada := site.CreateUser("ada", secret)
		group := &database.Group{Name: "editors"}
		if err := site.Database.CreateGroup(ctx, group); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			site.Database.GrantUser(ctx, ada.ID, "auth.view_user"),
			site.Database.GrantGroup(ctx, group.ID, "auth.add_user"),
			site.Database.AddToGroup(ctx, ada.ID, group.ID),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		site.CreateUser("bea", secret)
		root := site.CreateSuperuser("root", secret)
		all, err := site.Auth.AllPermissions(ctx, root)
		if err != nil || len(all) < 10 {
			t.Fatal(len(all), err)
		}
		plain := func(u, id string, high bool) map[string]any {
			return map[string]any{"id": id, "username": u, "email": u + "@example.com", "is_staff": high, "is_superuser": high}
		}
		for name, want := range map[string]struct {
			id   string
			high bool
			may  []string
		}{"ada": {ada.ID, false, []string{"auth.add_user", "auth.view_user"}}, "bea": {"2", false, []string{}}, "root": {root.ID, true, all}} {
			c := site.NewClient(site.Handler(site.Views))
			for _, query := range []string{"?permissions=1", "", "?permissions=", "?permissions=0"} {
				user := plain(name, want.id, want.high)
				if query == "?permissions=1" {
					may := []any{}
					for _, p := range want.may {
						may = append(may, p)
					}
					user["permissions"] = may
				}
				form := url.Values{"username": {name}, "password": {secret}}
				for path, got := range map[string]*coatchecktest.Response{
					"login":   c.Post("/accounts/login/"+query, form),
					"profile": ask(c, http.MethodGet, "/accounts/profile/"+query, "application/json"),
				} {
					var answer map[string]any
					if got.JSON(&answer); got.Status != http.StatusOK || !reflect.DeepEqual(answer["user"], any(user)) || len(answer) != 2 {
						t.Errorf("%s of %s%s: %d %s", path, name, query, got.Status, got.Body)
					}
				}
			}
		}
	})
}

// TestLoginAfterSignup: if the site wants it, a sign-up signs the user in, by the backend that
// Django has, and nobody else stays signed in to the session. By default it makes none.
func TestLoginAfterSignup(t *testing.T) {
	form := func(name string) url.Values {
		return url.Values{"username": {name}, "password": {"correct horse battery"}}
	}
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		c := site.NewClient(site.Handler(site.Views))
		got := c.Post("/accounts/signup/", form("ada"))
		if got.Status != http.StatusCreated || !strings.Contains(got.Body, `{"message":"User created successfully","user":{"id":"1","username":"ada"`) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if backend, err := c.Session().Text(t.Context(), sessionkeys.Backend); backend != auth.ModelBackendName || err != nil {
			t.Errorf("the session's backend is %q, %v", backend, err)
		}
		adas := c.Session()
		if err := adas.Set(t.Context(), "cart", "hat"); err != nil {
			t.Fatal(err)
		}
		if err := adas.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.Post("/accounts/signup/", form("ada")); got.Status != http.StatusConflict {
			t.Errorf("a name that is taken: %d %s", got.Status, got.Body)
		}
		r := c.NewRequest(http.MethodPost, "/accounts/signup/?next=/cart/", strings.NewReader(form("bea").Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", html)
		if got := c.Do(r); got.Status != http.StatusFound || got.Location() != "/cart/" {
			t.Errorf("a browser: %d to %s", got.Status, got.Location())
		}
		cart, _, err := sessions.Get[string](t.Context(), c.Session(), "cart")
		if got := ask(c, http.MethodGet, "/accounts/profile/", "application/json"); !strings.Contains(got.Body, `"username":"bea"`) || cart != "" || err != nil {
			t.Errorf("%d %s, the cart of ada has %q, %v", got.Status, got.Body, cart, err)
		}
		user, err := site.Auth.UserByUsername(t.Context(), "bea")
		if err != nil || user.LastLogin.IsZero() {
			t.Errorf("last login %v, %v", user.LastLogin, err)
		}
	}, func(c *coatcheck.Config) { c.Views.LoginAfterSignup = true })

	site := coatchecktest.NewSite(t)
	c := site.NewClient(site.Handler(site.Views))
	if got := c.Post("/accounts/signup/", form("ada")); got.Status != http.StatusCreated || got.Cookie("sessionid") != nil {
		t.Errorf("by default: %d %s", got.Status, got.Body)
	}
	config := testConfig(t)
	config.Accounts.Mail, config.Site.BaseURL = unsent{}, "https://site.example"
	config.Views.LoginAfterSignup, config.Views.SignupVerification = true, true
	if _, err := coatcheck.New(config); err == nil || !strings.Contains(err.Error(), "--login-after-signup") {
		t.Errorf("with a link in an email: %v", err)
	}
}
