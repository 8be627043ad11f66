package auth_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

// hashRecord is a record of the topic session_auth_hash.
type hashRecord struct {
	Password  string
	SecretKey string `json:"secret_key"`
	Hash      string
	Fallbacks []string
	Hashes    []string
}

// one is a backend that knows a single user, whatever is asked.
type one struct{ user auth.User }

func (one) Name() string { return auth.ModelBackendName }

func (one) Authenticate(context.Context, auth.Credentials) (*auth.User, error) {
	return nil, auth.ErrInvalidCredentials
}

func (b one) User(context.Context, string) (*auth.User, error) { u := b.user; return &u, nil }

// TestSessionAuthHashVectors checks every recorded hash: those that are written
// to the letter, and those that are only accepted by a session that holds them.
func TestSessionAuthHashVectors(t *testing.T) {
	agreed := map[string]int{}
	for _, v := range vectors.Load(t, "session_auth_hash") {
		var r hashRecord
		v.DecodeAll(t, &r)
		config := auth.Config{Users: openUsers(t), Keys: signing.Keys{Secret: r.SecretKey}, Passwords: hashers(t, 1), Logger: quiet()}
		ok := false
		switch v.Kind() {
		case "hash":
			ok = writes(t, config, r.Password) == r.Hash && accepts(t, config, r.Password, r.Hash)
		case "hash_legacy_sha1":
			ok = !accepts(t, config, r.Password, r.Hash)
			config.Keys.AcceptSHA1 = true
			ok = ok && accepts(t, config, r.Password, r.Hash)
		case "fallbacks":
			ok = len(r.Hashes) == len(r.Fallbacks)
			for _, hash := range r.Hashes {
				ok = ok && !accepts(t, config, r.Password, hash)
			}
			config.Keys.Fallbacks = r.Fallbacks
			for _, hash := range r.Hashes {
				ok = ok && accepts(t, config, r.Password, hash)
			}
		default:
			t.Errorf("%v: a kind that nobody tests", v)
			continue
		}
		if !ok {
			t.Errorf("%v disagrees: %s", v, v.JSON)
			continue
		}
		agreed[v.Kind()]++
	}
	t.Logf("agreed: %v", agreed)
}

var sharedUsers auth.Users

// openUsers is a database that nobody writes to, for all records.
func openUsers(t *testing.T) auth.Users {
	if sharedUsers == nil {
		sharedUsers = openDB(t)
	}
	return sharedUsers
}

func writes(t *testing.T, c auth.Config, hash string) string {
	t.Helper()
	s, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.SessionAuthHash(&auth.User{ID: "1", Password: password.Hash(hash)})
}

// accepts reports whether a session with the auth hash is signed in, as a user
// with that stored password.
func accepts(t *testing.T, c auth.Config, stored, authHash string) bool {
	t.Helper()
	c.Backends = []auth.Backend{one{auth.User{ID: "1", Password: password.Hash(stored), IsActive: true}}}
	s, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	store := sessionstest.NewMemory()
	store.Put(someKey, `{"_auth_user_id":"1","_auth_user_backend":"`+auth.ModelBackendName+`","_auth_user_hash":"`+authHash+`"}`)
	engine, err := sessions.New(sessions.Config{Store: store, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	signedIn := false
	h := middleware.Chain(middleware.Sessions(engine), middleware.Authentication(s))(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			user, err := auth.UserFromContext(r.Context())
			if err != nil {
				t.Error(err)
				return
			}
			signedIn = user.IsAuthenticated()
		}))
	serve(h, someKey)
	return signedIn
}
