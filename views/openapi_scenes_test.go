package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/userfields"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// stage is a site on which operations are tried.
type stage struct {
	*wholeSite
	gate  *gate
	again string // the operation that it does otherwise than the stage before
	users int
}

// gate is a throttle that lets everybody pass or nobody.
type gate struct{ wait atomic.Int64 }

func (g *gate) Take(context.Context, string, throttle.Limit) (time.Duration, error) {
	return time.Duration(g.wait.Load()), nil
}
func (g *gate) Give(context.Context, string, throttle.Limit) error { return nil }
func (g *gate) Reset(context.Context, string) error                { return nil }

// openStages starts sites that have all operations together: one to which everybody
// may sign up, one where addresses are confirmed, one for those who are invited, and one that signs in
// who signs up.
func openStages(t *testing.T) []*stage {
	t.Helper()
	var all []*stage
	for _, change := range []func(*coatcheck.Config){
		func(c *coatcheck.Config) { c.Database = withFields(t) },
		func(c *coatcheck.Config) { c.Views.SignupVerification = true },
		func(c *coatcheck.Config) { c.Views.SignupInvitation, c.Views.LoginAfterSignup = true, true },
		func(c *coatcheck.Config) { c.Views.LoginAfterSignup = true },
	} {
		all = append(all, openStage(t, change))
	}
	all[1].again, all[3].again = "POST /accounts/signup/", "POST /accounts/signup/"
	return all
}

func openStage(t *testing.T, change func(*coatcheck.Config)) *stage {
	t.Helper()
	g := &gate{}
	return &stage{gate: g, wholeSite: newWhole(t, func(c *coatcheck.Config) {
		c.Logins.Throttle.Store, c.Logins.TwoFactor.Require = g, twofactor.RequireStaff
		change(c)
	})}
}

// withFields opens a database whose users have a field on the profile.
func withFields(t *testing.T) *database.DB {
	t.Helper()
	db, err := sqlite.Config{
		DSN: filepath.Join(t.TempDir(), "fields.db"), UserModel: database.UserModel{Fields: []userfields.Field{
			{Name: "company", Shown: userfields.Profile, Required: true, Default: "none"},
		}},
	}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// scene is a request that does what its operation is for.
type scene struct {
	client *client
	path   string
	body   object
}

// name returns a new username.
func (s *stage) name() string {
	s.users++
	return fmt.Sprintf("user%d", s.users)
}

func address(name string) string { return name + "@example.com" }

// member creates a user and a client that is signed in as that.
func (s *stage) member(t testing.TB) (*client, string) {
	t.Helper()
	name, c := s.name(), s.program(t)
	s.user(t, name)
	if a := c.login(name); a.StatusCode != http.StatusOK {
		t.Fatalf("login: %d %s", a.StatusCode, a.text)
	}
	return c, name
}

// link delivers the emails and returns the path of the link in the last one to the
// user, which must be below the path.
func (s *site) link(t testing.TB, to, below string) (path string) {
	t.Helper()
	for _, m := range s.deliver(t) {
		found := linkPattern.FindStringSubmatch(m.Text)
		if m.To == to && found != nil && strings.HasPrefix(found[1], below) {
			path = found[1]
		}
	}
	if path == "" {
		t.Fatalf("no mail to %s has a link below %s", to, below)
	}
	return path
}

// public is a scene of somebody who is not signed in, without a body.
func public(path string) func(testing.TB, *stage) scene {
	return func(t testing.TB, s *stage) scene { return scene{s.program(t), path, nil} }
}

// private is a scene of a user who is signed in, with a body or without.
func private(path string, body object) func(testing.TB, *stage) scene {
	return func(t testing.TB, s *stage) scene {
		c, name := s.member(t)
		filled := object{}
		for field, value := range body {
			if text, ok := value.(string); ok {
				value = strings.ReplaceAll(text, "{name}", name)
			}
			filled[field] = value
		}
		return scene{c, path, filled}
	}
}

// scenes has one for every operation but HEAD, for which that of GET serves.
var scenes = map[string]func(testing.TB, *stage) scene{
	"GET /accounts/login/": public("/accounts/login/"),
	"POST /accounts/login/": func(t testing.TB, s *stage) scene {
		name := s.name()
		s.user(t, name)
		return scene{s.program(t), "/accounts/login/", object{"username": name, "password": canary}}
	},
	"POST /accounts/logout/": private("/accounts/logout/", nil),
	"GET /accounts/profile/": private("/accounts/profile/?permissions=1", nil),

	"GET /accounts/profile/edit/":  private("/accounts/profile/edit/", nil),
	"POST /accounts/profile/edit/": private("/accounts/profile/edit/", object{"company": "Analytical Engines"}),

	"GET /accounts/name/":  private("/accounts/name/", nil),
	"POST /accounts/name/": private("/accounts/name/", object{"first_name": "Ada", "last_name": "Lovelace"}),

	"GET /accounts/sessions/": private("/accounts/sessions/", nil),
	"POST /accounts/sessions/end/": func(t testing.TB, s *stage) scene {
		c, _ := s.member(t)
		return scene{c, "/accounts/sessions/end/", object{"id": c.places()[0].ID}}
	},
	"POST /accounts/sessions/end-others/": private("/accounts/sessions/end-others/", nil),

	"GET /accounts/signup/":      public("/accounts/signup/"),
	"GET /accounts/signup/sent/": public("/accounts/signup/sent/"),
	"POST /accounts/signup/sent/": func(t testing.TB, s *stage) scene {
		name, b := s.name(), s.browser(t)
		b.form("/accounts/signup/", "username", name, "email", address(name), "password", canary)
		return scene{b.program(), "/accounts/signup/sent/", nil}
	},
	"POST /accounts/signup/": func(t testing.TB, s *stage) scene {
		name := s.name()
		return scene{s.program(t), "/accounts/signup/", object{"username": name, "email": address(name), "password": canary}}
	},
	"GET /accounts/signup/confirm/{token}/":  pendingSignup,
	"POST /accounts/signup/confirm/{token}/": pendingSignup,
	"GET /accounts/invitation/{token}/":      byInvitation,
	"POST /accounts/invitation/{token}/":     byInvitation,

	"POST /accounts/password_check/": private("/accounts/password_check/", object{"username": "ada", "password": "password1"}),
	"GET /accounts/password_change/": private("/accounts/password_change/", nil),
	"POST /accounts/password_change/": private("/accounts/password_change/", object{
		"old_password": canary, "new_password1": another, "new_password2": another,
	}),
	"GET /accounts/password_change/done/": private("/accounts/password_change/done/", nil),
	"GET /accounts/password_reset/":       public("/accounts/password_reset/"),
	"POST /accounts/password_reset/": func(t testing.TB, s *stage) scene {
		name := s.name()
		s.user(t, name)
		return scene{s.program(t), "/accounts/password_reset/", object{"email": address(name)}}
	},
	"POST /accounts/password_reset/done/": func(t testing.TB, s *stage) scene {
		b := s.browser(t)
		b.form("/accounts/password_reset/", "email", address(s.name()))
		return scene{b.program(), "/accounts/password_reset/done/", nil}
	},
	"GET /accounts/password_reset/done/":     public("/accounts/password_reset/done/"),
	"GET /accounts/reset/{uidb64}/{token}/":  forgotten,
	"POST /accounts/reset/{uidb64}/{token}/": forgotten,
	"GET /accounts/reset/done/":              public("/accounts/reset/done/"),

	"GET /accounts/email/":      private("/accounts/email/", nil),
	"POST /accounts/email/":     private("/accounts/email/", object{"email": "new-{name}@example.org", "password": canary}),
	"GET /accounts/email/sent/": private("/accounts/email/sent/", nil),
	"POST /accounts/email/sent/": func(t testing.TB, s *stage) scene {
		c, name := s.member(t)
		b := &client{c.t, c.site, c.http, browser}
		b.form("/accounts/email/", "email", "new-"+name+"@example.org", "password", canary)
		return scene{c, "/accounts/email/sent/", nil}
	},
	"GET /accounts/email/confirm/{token}/":  pendingEmail,
	"POST /accounts/email/confirm/{token}/": pendingEmail,
	"GET /accounts/email/done/":             public("/accounts/email/done/"),

	"GET /accounts/not-me/{token}/":  noticed,
	"POST /accounts/not-me/{token}/": noticed,
	"GET /accounts/not-me/done/":     public("/accounts/not-me/done/"),

	"GET /accounts/two_factor/":     private("/accounts/two_factor/", nil),
	"GET /accounts/two_factor/add/": private("/accounts/two_factor/add/", nil),
	"POST /accounts/two_factor/add/": func(t testing.TB, s *stage) scene {
		c, _ := s.member(t)
		code := s.offered(t, c, "/accounts/two_factor/add/")
		return scene{c, "/accounts/two_factor/add/", object{"code": code, "password": canary}}
	},
	"GET /accounts/two_factor/recovery_codes/":  guarded("/accounts/two_factor/recovery_codes/"),
	"POST /accounts/two_factor/recovery_codes/": guarded("/accounts/two_factor/recovery_codes/"),
	"GET /accounts/two_factor/remove/":          guarded("/accounts/two_factor/remove/"),
	"POST /accounts/two_factor/remove/":         guarded("/accounts/two_factor/remove/"),
	"GET /accounts/login/code/":                 halfway,
	"POST /accounts/login/code/":                halfway,
	"GET /accounts/login/two_factor/":           unequipped,
	"POST /accounts/login/two_factor/":          unequipped,

	"GET /accounts/confirm/":  private("/accounts/confirm/", nil),
	"POST /accounts/confirm/": private("/accounts/confirm/", object{"password": canary}),

	"GET /accounts/close/":  private("/accounts/close/", nil),
	"POST /accounts/close/": private("/accounts/close/", object{"password": canary, "understand": "yes"}),
	"GET /accounts/closed/": public("/accounts/closed/"),

	"GET /accounts/language/": public("/accounts/language/"),
	"POST /accounts/language/": func(t testing.TB, s *stage) scene {
		return scene{s.program(t), "/accounts/language/", object{"language": "de"}}
	},
}

// offered returns a code of the new secret that a page shows.
func (s *stage) offered(t testing.TB, c *client, path string) string {
	t.Helper()
	var offer struct{ Key string }
	if err := json.Unmarshal([]byte(c.get(path).text), &offer); err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(strings.ReplaceAll(offer.Key, " ", ""), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// equipped is a member with an authenticator app, and a recovery code.
func (s *stage) equipped(t testing.TB) (c *client, name, code string) {
	t.Helper()
	c, name = s.member(t)
	added := c.form("/accounts/two_factor/add/", "code", s.offered(t, c, "/accounts/two_factor/add/"), "password", canary)
	var codes struct {
		Codes []string `json:"recovery_codes"`
	}
	if err := json.Unmarshal([]byte(added.text), &codes); err != nil || len(codes.Codes) == 0 {
		t.Fatalf("%d %s", added.StatusCode, added.text)
	}
	return c, name, codes.Codes[0]
}

// guarded is a scene of a user with an authenticator app.
func guarded(path string) func(testing.TB, *stage) scene {
	return func(t testing.TB, s *stage) scene {
		c, _, code := s.equipped(t)
		return scene{c, path, object{"password": canary, "code": code}}
	}
}

// halfway is a login that waits for a code.
func halfway(t testing.TB, s *stage) scene {
	_, name, code := s.equipped(t)
	c := s.program(t)
	c.login(name)
	return scene{c, "/accounts/login/code/", object{"code": code}}
}

// unequipped is a login of a user who must have an authenticator app and has none.
func unequipped(t testing.TB, s *stage) scene {
	name, c := s.name(), s.program(t)
	user := s.user(t, name)
	user.IsStaff = true
	if err := s.db.UpdateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	c.login(name)
	return scene{c, "/accounts/login/two_factor/", object{"code": s.offered(t, c, "/accounts/login/two_factor/")}}
}

func pendingSignup(t testing.TB, s *stage) scene {
	name, c := s.name(), s.program(t)
	c.form("/accounts/signup/", "username", name, "email", address(name), "password", canary)
	return scene{c, s.link(t, address(name), "/accounts/signup/confirm/"), nil}
}

func byInvitation(t testing.TB, s *stage) scene {
	name := s.name()
	link, err := s.accounts.Invite(t.Context(), "", "en")
	if err != nil {
		t.Fatal(err)
	}
	return scene{s.program(t), strings.TrimPrefix(link, baseURL), object{"username": name, "email": address(name), "password": canary}}
}

func forgotten(t testing.TB, s *stage) scene {
	name, c := s.name(), s.program(t)
	s.user(t, name)
	c.form("/accounts/password_reset/", "email", address(name))
	return scene{c, s.link(t, address(name), "/accounts/reset/"), object{"new_password1": another, "new_password2": another}}
}

func pendingEmail(t testing.TB, s *stage) scene {
	c, name := s.member(t)
	c.form("/accounts/email/", "email", address("new-"+name), "password", canary)
	return scene{c, s.link(t, address("new-"+name), "/accounts/email/confirm/"), nil}
}

func noticed(t testing.TB, s *stage) scene {
	c, name := s.member(t)
	c.form("/accounts/password_change/", "old_password", canary, "new_password1", another)
	return scene{s.program(t), s.link(t, address(name), "/accounts/not-me/"), nil}
}
