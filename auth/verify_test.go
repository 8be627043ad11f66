package auth_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// verdict is what Verify and the user of a request are to say of a session.
type verdict struct {
	session string // in the store; "" for none
	code    flow.Code
	named   string // the user whom the session names
}

// verifyRig has a user for each way to be signed in or not, and the verdicts.
func verifyRig(t *testing.T) (*rig, map[string]verdict) {
	const fallbackKey = "a former secret key of the tests, also long enough"
	r := newRig(t, func(c *auth.Config) {
		c.Keys.Fallbacks, c.SessionMaxAge = []string{fallbackKey}, time.Hour
		c.Endings = own.New(c.Users.(*users).DB)
	})
	former := newRig(t, func(c *auth.Config) { c.Keys.Secret = fallbackKey })
	ada, off, gone, out := r.user("ada"), r.user("off"), r.user("gone"), r.user("out")
	off.IsActive = false
	if err := errors.Join(r.db.UpdateUser(t.Context(), off), r.db.DeleteUser(t.Context(), gone.ID)); err != nil {
		t.Fatal(err)
	}
	ending, err := own.New(r.db).NextEnding(t.Context(), out.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const model = auth.ModelBackendName
	session := func(u *auth.User, backend, hash, rest string) string {
		return fmt.Sprintf(`{"_auth_user_id":"%s","_auth_user_backend":"%s","_auth_user_hash":"%s"%s}`, u.ID, backend, hash, rest)
	}
	began := fmt.Sprintf(`,"_coatcheck_began":%d`, time.Now().Add(-time.Minute).Unix())
	early := fmt.Sprintf(`,"_coatcheck_began":%d`, time.Now().Add(-time.Hour).Unix())
	return r, map[string]verdict{
		"no key":          {"", "session.none", ""},
		"no session":      {"", "session.missing", ""},
		"corrupt":         {"rotten", "session.corrupt", ""},
		"a visitor's":     {`{"cart":1}`, "user.anonymous", ""},
		"without backend": {`{"_auth_user_id":"` + ada.ID + `"}`, "user.anonymous", ada.ID},
		"good":            {session(ada, model, r.SessionAuthHash(ada), began), "user.found", ada.ID},
		"of a Django":     {session(ada, model, r.SessionAuthHash(ada), ""), "user.found", ada.ID},
		"by an old key":   {session(ada, model, former.SessionAuthHash(ada), began), "user.found_by_old_key", ada.ID},
		"unknown backend": {session(ada, "example.Backend", r.SessionAuthHash(ada), began), "user.backend_unknown", ada.ID},
		"deleted user":    {session(gone, model, r.SessionAuthHash(gone), began), "user.gone", gone.ID},
		"inactive user":   {session(off, model, r.SessionAuthHash(off), began), "user.inactive", off.ID},
		"other password":  {session(ada, model, r.SessionAuthHash(off), began), "user.hash_mismatch", ada.ID},
		"ended":           {session(out, model, r.SessionAuthHash(out), fmt.Sprintf(`%s,"_coatcheck_ending":%d`, began, ending-1)), "user.ended", out.ID},
		"began later":     {session(out, model, r.SessionAuthHash(out), fmt.Sprintf(`%s,"_coatcheck_ending":%d`, began, ending)), "user.found", out.ID},
		"too old":         {session(ada, model, r.SessionAuthHash(ada), early), "user.too_old", ada.ID},
	}
}

// good are the codes of a user who is signed in.
var good = []flow.Code{"user.found", "user.found_by_old_key"}

// TestVerify: a session means what the user of a request with it is, for each reason that
// there is, and finding it out changes nothing.
func TestVerify(t *testing.T) {
	r, verdicts := verifyRig(t)
	engine, err := sessions.New(sessions.Config{Store: r.store, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range verdicts {
		t.Run(name, func(t *testing.T) {
			key := string(someKey)
			if want.code == "session.none" {
				key = ""
			}
			if want.session != "" {
				r.store.Put(key, want.session)
				defer r.store.Delete(t.Context(), key) //nolint:errcheck // it may be gone
			}
			before := r.store.Sessions()
			r.store.Log()
			id, code, err := r.Verify(t.Context(), engine.Session(key))
			if err != nil || code != want.code {
				t.Fatalf("%s, %v, want %s", code, err, want.code)
			}
			signedIn := slices.Contains(good, want.code)
			if id.User.IsAuthenticated() != signedIn || signedIn && id.User.ID != want.named || id.UserID != want.named {
				t.Errorf("%v, named %q", id.User, id.UserID)
			}
			if !maps.Equal(before, r.store.Sessions()) {
				t.Errorf("stored: %v, before %v", r.store.Sessions(), before)
			}
			for _, op := range r.store.Log() {
				if op != "load" {
					t.Errorf("the store was asked to %s", op)
				}
			}
			requestSays(t, r, key, want.code, id.User.ID)
		})
	}
}

// requestSays checks that the user of a request is the one of Verify, for the same reason.
func requestSays(t *testing.T, r *rig, key string, code flow.Code, userID string) {
	t.Helper()
	b := r.browser()
	if key != "" {
		b.setKey(key)
	}
	trace := flow.NewTrace()
	b.must(func(r *http.Request) error {
		user, err := auth.UserFromContext(flow.WithSink(r.Context(), trace))
		if err == nil && user.ID != userID {
			t.Errorf("the user of a request is %v, and Verify said %q", user, userID)
		}
		return err
	})
	var codes []flow.Code
	for _, e := range trace.Events() {
		codes = append(codes, e.Code)
	}
	if !slices.Contains(codes, code) {
		t.Errorf("a request emits %v, and Verify said %s", codes, code)
	}
}

// TestVerifyOutage: a failure of a store is an error, and no reason.
func TestVerifyOutage(t *testing.T) {
	r, verdicts := verifyRig(t)
	engine, err := sessions.New(sessions.Config{Store: r.store, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	r.store.Put(someKey, verdicts["good"].session)
	for name, fail := range map[string]func(error){"store": r.store.FailWith, "database": r.users.failWith} {
		fail(errOutage)
		id, code, err := r.Verify(t.Context(), engine.Session(someKey))
		if !errors.Is(err, errOutage) || code != "" || id.User.IsAuthenticated() {
			t.Errorf("%s: %v %q %v", name, id.User, code, err)
		}
		fail(nil)
	}
}

// TestIdentity: what a session says of its login.
func TestIdentity(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	engine, err := sessions.New(sessions.Config{Store: r.store, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf(`{"_auth_user_id":"%s","_auth_user_backend":"%s","_auth_user_hash":"%s"`, ada.ID, auth.ModelBackendName, r.SessionAuthHash(ada))
	const proofs = `,"_coatcheck_proofs":[{"method":"password","at":"2026-11-28T10:00:00Z"},{"method":"code","at":"2026-11-28T10:00:09Z"}]`
	for rest, want := range map[string]struct {
		methods  []string
		loggedIn int64
	}{
		``:                                  {nil, 0},
		proofs:                              {[]string{"password", "code"}, 0},
		`,"_coatcheck_proofs":"of another"`: {nil, 0},
		`,"_coatcheck_began":1000`:          {nil, 1000},
		`,"_coatcheck_began":1000,"_coatcheck_login":2000`:  {nil, 2000},
		`,"_coatcheck_began":1000,"_coatcheck_login":-2000`: {nil, 2000}, // another login is asked for
		`,"_coatcheck_began":1000,"_coatcheck_login":0`:     {nil, 1000},
		`,"_coatcheck_login":"soon"`:                        {nil, 0},
	} {
		r.store.Put(someKey, base+rest+"}")
		id, code, err := r.Verify(t.Context(), engine.Session(someKey))
		if err != nil || code != "user.found" || id.Backend != auth.ModelBackendName {
			t.Fatalf("%s: %s, %v, %q", rest, code, err, id.Backend)
		}
		var methods []string
		for _, p := range id.Proofs {
			methods = append(methods, p.Method)
		}
		if !slices.Equal(methods, want.methods) {
			t.Errorf("%s: proofs %v, want %v", rest, methods, want.methods)
		}
		if id.LoggedIn.IsZero() != (want.loggedIn == 0) || want.loggedIn != 0 && id.LoggedIn.Unix() != want.loggedIn {
			t.Errorf("%s: logged in at %v, want %d", rest, id.LoggedIn, want.loggedIn)
		}
	}
}
