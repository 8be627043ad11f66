package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/signing"
)

// row is a session of a signed-in user.
func row(id, backend, hash string) string {
	return fmt.Sprintf(`{"cart":1,"_auth_user_id":%s,"_auth_user_backend":"%s","_auth_user_hash":%s}`, id, backend, hash)
}

// TestWhoIsARequest goes through Django's get_user step by step.
func TestWhoIsARequest(t *testing.T) {
	const fallbackKey = "a former secret key of the tests, also long enough"
	r := newRig(t, func(c *auth.Config) { c.Keys.Fallbacks = []string{fallbackKey} })
	ada, off, gone := r.user("ada"), r.user("off"), r.user("gone")
	hash := func(u *auth.User) string { return `"` + r.SessionAuthHash(u) + `"` }
	off.IsActive = false
	if err := errors.Join(r.db.UpdateUser(t.Context(), off), r.db.DeleteUser(t.Context(), gone.ID)); err != nil {
		t.Fatal(err)
	}
	former := newRig(t, func(c *auth.Config) { c.Keys.Secret = fallbackKey })
	const model = auth.ModelBackendName
	const kept, flushed, renewed = "kept", "flushed", "renewed"
	for name, tt := range map[string]struct {
		session string
		user    string // who it is
		becomes string // what becomes of the session
	}{
		"nothing":            {`{"cart":1}`, "", kept},
		"no backend":         {`{"cart":1,"_auth_user_id":"` + ada.ID + `"}`, "", kept},
		"no id":              {`{"cart":1,"_auth_user_backend":"` + model + `"}`, "", kept},
		"unknown backend":    {row(`"`+ada.ID+`"`, "django.contrib.auth.backends.RemoteUserBackend", hash(ada)), "", kept},
		"deleted user":       {row(`"`+gone.ID+`"`, model, hash(gone)), "", kept},
		"inactive user":      {row(`"`+off.ID+`"`, model, hash(off)), "", flushed}, // else it would live again with the user
		"signed in":          {row(`"`+ada.ID+`"`, model, hash(ada)), "ada", kept},
		"integer id":         {row(ada.ID, model, hash(ada)), "ada", kept},
		"id of letters":      {row(`"abc"`, model, hash(ada)), "", kept},
		"negative id":        {row(`-1`, model, hash(ada)), "", kept},
		"fraction":           {row(`1.5`, model, hash(ada)), "", kept},
		"huge id":            {row(`"99999999999999999999999999"`, model, hash(ada)), "", kept},
		"huge integer id":    {row(`99999999999999999999999999`, model, hash(ada)), "", kept},
		"id null":            {row(`null`, model, hash(ada)), "", kept},
		"id true":            {row(`true`, model, hash(ada)), "", kept},
		"id a list":          {row(`[1]`, model, hash(ada)), "", kept},
		"id an object":       {row(`{"a":1}`, model, hash(ada)), "", kept},
		"id empty":           {row(`""`, model, hash(ada)), "", kept},
		"id with a NUL":      {row(`"1\u0000"`, model, hash(ada)), "", kept},
		"SQL for an id":      {row(`"1 OR 1=1"`, model, hash(ada)), "", kept},
		"no hash":            {`{"_auth_user_id":"` + ada.ID + `","_auth_user_backend":"` + model + `"}`, "", flushed},
		"empty hash":         {row(`"`+ada.ID+`"`, model, `""`), "", flushed},
		"hash null":          {row(`"`+ada.ID+`"`, model, `null`), "", flushed},
		"hash a number":      {row(`"`+ada.ID+`"`, model, `0`), "", flushed},
		"hash of another":    {row(`"`+ada.ID+`"`, model, hash(off)), "", flushed},
		"hash cut":           {row(`"`+ada.ID+`"`, model, hash(ada)[:40]+`"`), "", flushed},
		"hash in capitals":   {row(`"`+ada.ID+`"`, model, strings.ToUpper(hash(ada))), "", flushed},
		"hash by former key": {row(`"`+ada.ID+`"`, model, `"`+former.SessionAuthHash(ada)+`"`), "ada", renewed},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			r.store.Put(someKey, tt.session)
			b.setKey(someKey)
			if who := b.who(); who.Username != tt.user || who.IsAuthenticated() != (tt.user != "") {
				t.Errorf("it is %v", who)
			}
			old, there := r.store.Sessions()[someKey]
			switch tt.becomes {
			case kept:
				if b.key() != someKey || old != tt.session {
					t.Errorf("key %q, session %s", b.key(), old)
				}
			case flushed:
				if b.key() != "" || there || len(r.store.Sessions()) != 0 {
					t.Errorf("key %q, still there: %v", b.key(), there)
				}
			case renewed:
				want := row(`"`+ada.ID+`"`, model, hash(ada))
				if b.key() != someKey || !there || b.session() != want { // in its place, for parallel requests
					t.Errorf("key kept: %v, session %s", b.key() == someKey, b.session())
				}
				if b.who().Username != tt.user {
					t.Error("not signed in by the renewed session")
				}
			}
			for key := range r.store.Sessions() {
				_ = r.store.Delete(t.Context(), key)
			}
		})
	}
}

// TestUserIsFoundOnce: every call returns the same object, of one query, also from
// several goroutines.
func TestUserIsFoundOnce(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	r.store.Log()
	b.must(func(req *http.Request) error {
		users := make([]*auth.User, 8)
		var wg sync.WaitGroup
		for i := range users {
			wg.Go(func() { users[i], _ = auth.UserFromContext(req.Context()) })
		}
		wg.Wait()
		for _, u := range users {
			if u == nil || u != users[0] || u.ID != ada.ID {
				t.Errorf("%p and %p", u, users[0])
			}
		}
		return nil
	})
	if got := strings.Join(r.store.Log(), " "); got != "load" {
		t.Errorf("the store was asked %q", got)
	}
}

// TestOutageIsNoLogout: a store or database that fails returns an error, the same
// one as long as the request lasts, and 503. Session and cookie stay.
func TestOutageIsNoLogout(t *testing.T) {
	r := newRig(t)
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	key, before := b.key(), b.session()
	for name, fail := range map[string]func(error){"store": r.store.FailWith, "database": r.users.failWith} {
		fail(errOutage)
		response, _ := b.visit(func(req *http.Request) error {
			user, err := auth.UserFromContext(req.Context())
			fail(nil) // what failed once stays failed for this request
			again, errAgain := auth.UserFromContext(req.Context())
			if user != nil || again != nil || !errors.Is(err, errOutage) || !errors.Is(errAgain, errOutage) {
				t.Errorf("%s: %v %v, %v %v", name, user, err, again, errAgain)
			}
			return err
		})
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || response.Header["Set-Cookie"] != nil {
			t.Errorf("%s: %d %v", name, response.StatusCode, response.Header)
		}
		if b.key() != key || b.session() != before || b.who().ID != ada.ID {
			t.Errorf("%s: signed out", name)
		}
	}
}

// asking is a backend that asks who the request is while it finds that out, as a
// log handler that adds the user to each line would.
type asking struct{ *auth.ModelBackend }

func (b asking) User(ctx context.Context, id string) (*auth.User, error) {
	if _, err := auth.UserFromContext(ctx); err == nil {
		return nil, errors.New("there is a user already")
	}
	return b.ModelBackend.User(ctx, id)
}

func TestAskingWhileFindingDoesNotHang(t *testing.T) {
	r := newRig(t, func(c *auth.Config) {
		c.Backends = []auth.Backend{asking{&auth.ModelBackend{Users: c.Users, Passwords: c.Passwords}}}
	})
	ada, b := r.user("ada"), r.browser()
	b.login(ada.ID)
	if b.who().ID != ada.ID {
		t.Error("not signed in")
	}
}

func TestConfigIsChecked(t *testing.T) {
	db := openDB(t)
	model := &auth.ModelBackend{Users: db, Passwords: hashers(t, 1)}
	for want, c := range map[string]auth.Config{
		"Config.Users":              {Keys: signing.Keys{Secret: secretKey}},
		"Config.Keys.Secret is":     {Users: db},
		"Config.Keys.Fallbacks":     {Users: db, Keys: signing.Keys{Secret: secretKey, Fallbacks: []string{"old", ""}}},
		"Config.Backends is empty":  {Users: db, Keys: signing.Keys{Secret: secretKey}, Backends: []auth.Backend{}},
		"Config.Backends[1] is nil": {Users: db, Keys: signing.Keys{Secret: secretKey}, Backends: []auth.Backend{model, nil}},
		"Config.Backends[1] and":    {Users: db, Keys: signing.Keys{Secret: secretKey}, Backends: []auth.Backend{model, model}},
	} {
		if _, err := auth.New(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secretKey) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	s, err := auth.New(auth.Config{Users: db, Keys: signing.Keys{Secret: secretKey}, Logger: slog.Default()})
	if err != nil || s.Passwords() == nil || s.Passwords().Preferred().Algorithm() != "pbkdf2_sha256" {
		t.Errorf("the defaults: %v", err)
	}
}
