package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/password"
)

const someKey = "0123456789abcdefghijklmnopqrstuv"

// serve creates one request that sends the session key.
func serve(h http.Handler, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", "sessionid="+key)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var errOutage = errors.New("the database is on fire")

func TestAuthenticate(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	ada := r.user("ada")
	if err := r.db.CreateUser(ctx, &auth.User{Username: "Ada", Password: "md5$salt$x", IsActive: true}); err != nil { // by Django
		t.Fatal(err)
	}
	for _, name := range []string{"off", "unusable", "garbage", "empty", "foreign"} {
		r.user(name)
	}
	change := func(name, hash string) {
		t.Helper()
		u, err := r.db.UserByUsername(ctx, name)
		if err == nil {
			err = r.db.SetPassword(ctx, u.ID, password.Hash(hash))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	off, _ := r.db.UserByUsername(ctx, "off")
	off.IsActive = false
	if err := r.db.UpdateUser(ctx, off); err != nil {
		t.Fatal(err)
	}
	change("unusable", password.Unusable().Encoded())
	change("garbage", "secret")
	change("empty", "")
	change("foreign", "rot13$1$salt$frperg")

	user, err := r.authenticate("ada", "secret")
	if err != nil || user.ID != ada.ID || user.Backend != auth.ModelBackendName {
		t.Errorf("the right password: %+v %v", user, err)
	}
	for _, c := range [][2]string{
		{"ada", "Secret"},
		{"ada", "secret "},
		{"ada", ""},
		{" ada", "secret"},
		{"ADA", "secret"},
		{"nobody", "secret"},
		{"", "secret"},
		{"", ""},
		{"ada\x00", "secret"},
		{"\xff", "secret"},
		{strings.Repeat("x", 10000), "secret"},
		{"off", "secret"},
		{"unusable", "secret"},
		{"unusable", ""},
		{"unusable", "!"},
		{"garbage", "secret"},
		{"garbage", ""},
		{"empty", ""},
		{"empty", "secret"},
		{"foreign", "secret"},
	} {
		if user, err := r.authenticate(c[0], c[1]); user != nil || !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%.40q with %q: %v, %v", c[0], c[1], user, err)
		}
	}
	if n := len(r.store.Sessions()); n != 0 {
		t.Errorf("checking credentials made %d sessions", n)
	}
}

// TestEmptyPasswordIsChecked: as in Django, a user may have it.
func TestEmptyPasswordIsChecked(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	hash, err := r.Passwords().Make(t.Context(), "")
	if err == nil {
		err = r.db.SetPassword(t.Context(), ada.ID, hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.authenticate("ada", ""); err != nil {
		t.Error(err)
	}
}

func TestAllowInactive(t *testing.T) {
	var backend *auth.ModelBackend
	r := newRig(t, func(c *auth.Config) {
		backend = &auth.ModelBackend{Users: c.Users, Passwords: c.Passwords, AllowInactive: true}
		c.Backends = []auth.Backend{backend}
	})
	if _, err := r.CreateUser(t.Context(), auth.NewUser{Username: "off", Password: "secret", Inactive: true}); err != nil {
		t.Fatal(err)
	}
	user, err := r.authenticate("off", "secret")
	if err != nil || user.IsActive || user.Backend != auth.AllowAllUsersModelBackendName {
		t.Fatalf("%v %v", user, err)
	}
	b := r.browser()
	b.login(user.ID)
	if b.who().Username != "off" {
		t.Error("not signed in")
	}
}

// answer is a backend that always returns the same response.
type answer struct {
	name  string
	user  *auth.User
	err   error
	asked *[]string
}

func (a answer) Name() string { return a.name }

func (a answer) Authenticate(context.Context, auth.Credentials) (*auth.User, error) {
	*a.asked = append(*a.asked, a.name)
	return a.user, a.err
}

func (a answer) User(context.Context, string) (*auth.User, error) { return nil, auth.ErrNoUser }

func TestBackendsAreAskedInOrder(t *testing.T) {
	eve := &auth.User{ID: "7", Username: "eve", IsActive: true}
	no, denied := auth.ErrInvalidCredentials, errors.Join(errors.New("locked out"), auth.ErrPermissionDenied)
	for name, tt := range map[string]struct {
		backends []answer
		asked    []string
		backend  string
		err      error
	}{
		"first":          {[]answer{{name: "a", user: eve}, {name: "b", user: eve}}, []string{"a"}, "a", nil},
		"second":         {[]answer{{name: "a", err: no}, {name: "b", user: eve}}, []string{"a", "b"}, "b", nil},
		"denied":         {[]answer{{name: "a", err: denied}, {name: "b", user: eve}}, []string{"a"}, "", no},
		"nobody":         {[]answer{{name: "a", err: no}, {name: "b", err: no}}, []string{"a", "b"}, "", no},
		"outage":         {[]answer{{name: "a", err: errOutage}, {name: "b", user: eve}}, []string{"a"}, "", errOutage},
		"busy":           {[]answer{{name: "a", err: password.ErrBusy}, {name: "b", user: eve}}, []string{"a"}, "", password.ErrBusy},
		"outage at last": {[]answer{{name: "a", err: no}, {name: "b", err: errOutage}}, []string{"a", "b"}, "", errOutage},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			r := newRig(t, func(c *auth.Config) {
				for _, b := range tt.backends {
					b.asked = &asked
					c.Backends = append(c.Backends, b)
				}
			})
			user, err := r.authenticate("eve", "x")
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Error(diff)
			}
			if !errors.Is(err, tt.err) || (err == nil) != (user != nil) || user != nil && user.Backend != tt.backend {
				t.Errorf("%+v, %v", user, err)
			}
			if tt.err != no && errors.Is(err, no) {
				t.Error("an outage is taken for a wrong password")
			}
		})
	}
}

// TestOutageIsNoRefusal: the database fails and hashing has no place.
func TestOutageIsNoRefusal(t *testing.T) {
	failed := 0
	r := newRig(t, func(c *auth.Config) {
		c.Hooks.LoginFailed = hooks.List{{After: func(context.Context, *hooks.Event) { failed++ }}}
	})
	r.user("ada")
	r.users.failWith(errOutage)
	for _, name := range []string{"ada", "nobody"} {
		if user, err := r.authenticate(name, "secret"); user != nil || !errors.Is(err, errOutage) || errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%s: %v, %v", name, user, err)
		}
	}
	r.users.failWith(nil)

	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, name := range []string{"ada", "nobody"} {
		backend := &auth.ModelBackend{Users: ignoreContext{r.db}, Passwords: r.Passwords()}
		if _, err := backend.Authenticate(late, auth.Credentials{Username: name, Password: "secret"}); !errors.Is(err, password.ErrBusy) {
			t.Errorf("%s, too late: %v", name, err)
		}
	}
	if failed != 0 {
		t.Errorf("the hook for failed logins was called %d times", failed)
	}
}

// ignoreContext finds users whatever the context says.
type ignoreContext struct{ auth.Users }

func (u ignoreContext) UserByUsername(_ context.Context, name string) (*auth.User, error) {
	return u.Users.UserByUsername(context.Background(), name)
}

// TestLoginFailedHook: it sees everything but the secrets, in Django's stars.
func TestLoginFailedHook(t *testing.T) {
	var got []*hooks.Event
	r := newRig(t, func(c *auth.Config) {
		c.Hooks.LoginFailed = hooks.List{{After: func(_ context.Context, e *hooks.Event) { got = append(got, e) }}}
	})
	r.user("ada")
	if _, err := r.authenticate("ada", "secret"); err != nil || got != nil {
		t.Errorf("after a good login: %v, %v", got, err)
	}
	extra := map[string]string{
		"realm": "r", "API_token": "x", "apikey": "x", "Secret_answer": "x", "password2": "x", "signature": "x", "happiness": "h",
	}
	_, err := r.Authenticate(t.Context(), auth.Credentials{Username: "ada", Password: "guess", Extra: extra})
	if !errors.Is(err, auth.ErrInvalidCredentials) || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	const stars = "********************"
	want := &hooks.Event{Username: "ada", Extra: map[string]string{
		"realm": "r", "API_token": stars, "apikey": stars, "Secret_answer": stars, "password2": stars, "signature": stars, "happiness": "h",
	}}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if extra["apikey"] != "x" {
		t.Error("the caller's credentials were changed")
	}
}
