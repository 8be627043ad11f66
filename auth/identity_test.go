package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/throttle"
)

// backendKinds are Django's backend, and ones of the program's own.
var backendKinds = map[string]func(*auth.Config){"model": func(*auth.Config) {}, "own": mailBackends}

// TestSharingTellsNothing: which spellings share a budget is the same for a name that
// exists and for one that does not.
func TestSharingTellsNothing(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *database.DB{
		"sqlite":   func(t *testing.T) *database.DB { return openDB(t) },
		"postgres": openPostgres, "mysql": openMariaDB,
	} {
		for kind, backends := range backendKinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				r := newRig(t, limited(throttle.NewMemory(0)), func(c *auth.Config) { c.Users = open(t) }, backends)
				r.user("änna weiß")
				for i, pair := range [][2]string{
					{"%s", "%s"},
					{"%s weiß", "%s WEISS"},
					{"%s weiß", "%s Weiß"},
					{"%s weiß", "%s weiss"},
					{"%s weiß", "%s weis"},
					{"%s weiß", "%s weiß "},
				} {
					var shared [2]bool
					for j, who := range []string{"änna", "ämma"} {
						for range hourly.Burst {
							r.guessFrom(fmt.Sprintf("192.0.%d.%d", i, j), fmt.Sprintf(pair[0], who), "wrong")
						}
						err := r.guessFrom(fmt.Sprintf("192.1.%d.%d", i, j), fmt.Sprintf(pair[1], who), "wrong")
						shared[j] = errors.Is(err, attempts.ErrThrottled)
						unlock(t, r, who, pair)
					}
					if shared[0] != shared[1] {
						t.Errorf("%q: shared where the user exists: %v, where not: %v", pair, shared[0], shared[1])
					}
				}
			})
		}
	}
}

// unlock restores the budgets of the spellings.
func unlock(t *testing.T, r *rig, who string, pair [2]string) {
	t.Helper()
	for _, spelling := range pair {
		if err := r.Unlock(t.Context(), &auth.User{Username: fmt.Sprintf(spelling, who)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnotherAccountFreesNone: who owns an account whose name folds to that of
// another gets no more guesses at the other one by logging in to their own.
func TestAnotherAccountFreesNone(t *testing.T) {
	for name, change := range backendKinds {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, limited(throttle.NewMemory(0)), change)
			other := *r.user("jessica")
			other.ID, other.Username = "", "jeßica" // as a Django makes it
			if err := r.db.CreateUser(t.Context(), &other); err != nil {
				t.Fatal(err)
			}
			for range hourly.Burst - 1 {
				wants(t, r.guessFrom("192.0.2.1", "jessica", "wrong"), auth.ErrInvalidCredentials)
			}
			wants(t, r.guessFrom("192.0.2.1", "jeßica", "secret"), nil)
			wants(t, r.guessFrom("192.0.2.1", "jessica", "wrong"), auth.ErrInvalidCredentials)
			wants(t, r.guessFrom("192.0.2.1", "jessica", "wrong"), attempts.ErrThrottled)
		})
	}
}

// emailBackend signs in by the email address alone.
type emailBackend struct {
	auth.ModelBackend
	db *database.DB
}

func (*emailBackend) Name() string { return "email" }

func (b *emailBackend) Authenticate(ctx context.Context, c auth.Credentials) (*auth.User, error) {
	owners, err := b.db.UsersByEmail(ctx, c.Username)
	if err != nil || len(owners) != 1 {
		return nil, errors.Join(err, auth.ErrInvalidCredentials)
	}
	c.Username = owners[0].Username
	return b.ModelBackend.Authenticate(ctx, c)
}

// TestUsernameThatIsAnEmailAddress: who signs up under the email address of another
// gets no guesses at the other one for nothing.
func TestUsernameThatIsAnEmailAddress(t *testing.T) {
	r := newRig(t, limited(throttle.NewMemory(0)), func(c *auth.Config) {
		model := auth.ModelBackend{Users: c.Users, Passwords: c.Passwords}
		c.Backends = []auth.Backend{&model, &emailBackend{model, c.Users.(*users).DB}}
	})
	anna := auth.NewUser{Username: "anna", Email: "anna@example.com", Password: "hers"}
	if _, err := r.CreateUser(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	r.user("anna@example.com") // of somebody else
	guesses := 0
	for range 4 * hourly.Burst {
		if errors.Is(r.guessFrom("192.0.2.1", "anna@example.com", "wrong"), auth.ErrInvalidCredentials) {
			guesses++
		}
		err := r.guessFrom("192.0.2.1", "anna@example.com", "secret")
		if err != nil && !errors.Is(err, attempts.ErrThrottled) {
			t.Fatal(err)
		}
	}
	if guesses != hourly.Burst {
		t.Errorf("%d guesses at an account, want %d", guesses, hourly.Burst)
	}
}
