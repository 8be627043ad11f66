package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/password"
)

// with configures the service to hash with so many iterations by the policy.
func with(t *testing.T, iterations int, policy password.UpdatePolicy) func(*auth.Config) {
	return func(c *auth.Config) {
		var err error
		c.Passwords, err = password.New(password.Config{
			Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: iterations}, password.MD5{}}, Update: policy,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// setHash returns a user the hash of "secret" with so many iterations.
func (r *rig) setHash(id string, iterations int) password.Hash {
	r.t.Helper()
	hash, err := password.PBKDF2SHA256{Iterations: iterations}.Encode("secret")
	if err == nil {
		err = r.db.SetPassword(r.t.Context(), id, hash)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return hash
}

func (r *rig) stored(id string) password.Hash {
	r.t.Helper()
	u, err := r.db.UserByID(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return u.Password
}

// TestPolicies: which hashes a login replaces.
func TestPolicies(t *testing.T) {
	for _, tt := range []struct {
		policy   password.UpdatePolicy
		stored   int
		replaced bool
	}{
		{password.OnlyUp, 2, true},
		{password.OnlyUp, 3, false},
		{password.OnlyUp, 4, false},
		{password.Exact, 2, true},
		{password.Exact, 3, false},
		{password.Exact, 4, true},
		{password.Never, 2, false},
		{password.Never, 4, false},
	} {
		t.Run(fmt.Sprint(tt.policy, tt.stored), func(t *testing.T) {
			r := newRig(t, with(t, 3, tt.policy))
			ada := r.user("ada")
			before := r.setHash(ada.ID, tt.stored)
			if _, err := r.authenticate("ada", "wrong"); !errors.Is(err, auth.ErrInvalidCredentials) || r.stored(ada.ID) != before {
				t.Errorf("a wrong password: %v, or it changed the hash", err)
			}
			user, err := r.authenticate("ada", "secret")
			if err != nil {
				t.Fatal(err)
			}
			after := r.stored(ada.ID)
			if (after != before) != tt.replaced || user.Password != after {
				t.Errorf("replaced: %v; the user object has the stored hash: %v", after != before, user.Password == after)
			}
			if tt.replaced && !strings.HasPrefix(after.Encoded(), "pbkdf2_sha256$3$") {
				t.Errorf("replaced by %v", after)
			}
			if _, err := r.authenticate("ada", "secret"); err != nil {
				t.Errorf("the second time: %v", err)
			}
			if r.stored(ada.ID) != after {
				t.Error("the second login changed the hash again")
			}
		})
	}
}

// TestRehashKeepsTheSession: the login by which a hash is replaced is good for
// the next request.
func TestRehashKeepsTheSession(t *testing.T) {
	r := newRig(t, with(t, 3, password.OnlyUp))
	ada := r.user("ada")
	r.setHash(ada.ID, 1)
	b := r.browser()
	b.must(func(req *http.Request) error {
		user, err := r.Authenticate(req.Context(), auth.Credentials{Username: "ada", Password: "secret"})
		if err != nil {
			return err
		}
		return r.Login(req, user)
	})
	if b.who().Username != "ada" {
		t.Error("signed out by the rehash")
	}
}

// TestPasswordChangeBeatsRehash is race R1, by hand: the password is changed
// after it was verified and before its better hash is stored. In Django the old
// password would work again afterwards, and the new one would not.
func TestPasswordChangeBeatsRehash(t *testing.T) {
	r := newRig(t, with(t, 3, password.OnlyUp))
	ada := r.user("ada")
	r.setHash(ada.ID, 1)
	r.users.beforeReplace = func() {
		r.users.beforeReplace = nil
		u, err := r.db.UserByID(t.Context(), ada.ID)
		if err == nil {
			err = r.SetPassword(t.Context(), u, "changed")
		}
		if err != nil {
			t.Error(err)
		}
	}
	b := r.browser()
	b.must(func(req *http.Request) error {
		user, err := r.Authenticate(req.Context(), auth.Credentials{Username: "ada", Password: "secret"})
		if err != nil {
			return err
		}
		return r.Login(req, user)
	})
	if b.who().IsAuthenticated() {
		t.Error("the old password made a session that outlives the change")
	}
	r.onlyNewWorks()
}

func (r *rig) onlyNewWorks() {
	r.t.Helper()
	if _, err := r.authenticate("ada", "secret"); !errors.Is(err, auth.ErrInvalidCredentials) {
		r.t.Errorf("the old password: %v", err)
	}
	if _, err := r.authenticate("ada", "changed"); err != nil {
		r.t.Errorf("the new password: %v", err)
	}
}

// TestPasswordChangeBeatsRehashes is the same by chance.
func TestPasswordChangeBeatsRehashes(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	r := newRig(t, with(t, 3, password.OnlyUp))
	ada := r.user("ada")
	for range rounds {
		r.setHash(ada.ID, 1)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := r.authenticate("ada", "secret"); err != nil && !errors.Is(err, auth.ErrInvalidCredentials) {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			u := &auth.User{ID: ada.ID}
			if err := r.SetPassword(t.Context(), u, "changed"); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		r.onlyNewWorks()
		if t.Failed() {
			return
		}
	}
}

// busy hashes as long as it is told to.
type busy struct {
	password.PBKDF2SHA256
	err *error
}

func (b busy) Encode(raw string) (password.Hash, error) {
	if *b.err != nil {
		return "", *b.err
	}
	return b.PBKDF2SHA256.Encode(raw)
}

// TestRehashIsNoCondition: the password is right, so a login succeeds though
// there is no place for the rehash.
func TestRehashIsNoCondition(t *testing.T) {
	var failure error
	r := newRig(t, func(c *auth.Config) {
		var err error
		c.Passwords, err = password.New(password.Config{Hashers: []password.Hasher{busy{password.PBKDF2SHA256{Iterations: 3}, &failure}}})
		if err != nil {
			t.Fatal(err)
		}
	})
	ada := r.user("ada")
	before := r.setHash(ada.ID, 1)
	failure = fmt.Errorf("later: %w", password.ErrBusy)
	user, err := r.authenticate("ada", "secret")
	if err != nil || user.Password != before || r.stored(ada.ID) != before {
		t.Errorf("%v, %v", user, err)
	}
	failure = errOutage
	if user, err := r.authenticate("ada", "secret"); user != nil || !errors.Is(err, errOutage) {
		t.Errorf("a hasher that fails: %v, %v", user, err)
	}
}
