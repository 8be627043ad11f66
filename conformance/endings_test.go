package conformance_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// envEndingSteps is how many steps all walks of the endings have together. Without it
// they are about two thousand, beside the newest Django.
const envEndingSteps = "COATCHECK_ENDING_STEPS"

// stepsOfEnding is about how many steps such a walk has, and rapidSteps what makes rapid
// take so many.
const stepsOfEnding, rapidSteps = 36, 40

// TestEndings lets owners, thieves and operators, here and at a Django on the same
// stores, do at random all by which sessions, links, passwords and addresses come and
// end. A model knows by the documentation what must work. After each ending nothing
// that ended works, in every engine, and all else does.
//
// It sets rapid's flags for itself, so it must not be parallel: the parallel tests of
// this package run when it is over.
func TestEndings(t *testing.T) {
	steps, all := endingSteps(t)
	pairs := endingPairs(t, all)
	restore := setRapid(t, map[string]string{
		"rapid.checks": strconv.Itoa(steps/len(pairs)/stepsOfEnding + 1),
		"rapid.steps":  strconv.Itoa(rapidSteps), "rapid.nofailfile": "true", "rapid.seed": endingSeed(),
	})
	defer restore()
	var lock sync.Mutex
	var done []string
	total := 0
	t.Run("all", func(t *testing.T) {
		for _, p := range pairs {
			t.Run(p.String(), func(t *testing.T) {
				t.Parallel()
				w := &endingWalk{endingSites: newEndingSites(t, p), taken: map[string]int{}}
				rapid.Check(t, w.run)
				lock.Lock()
				defer lock.Unlock()
				done = append(done, fmt.Sprintf("%s: %d steps %v", p, w.steps, w.taken))
				total += w.steps
			})
		}
	})
	slices.Sort(done)
	t.Logf("%d pairs, %d steps of seed %s\n%s", len(done), total, endingSeed(), strings.Join(done, "\n"))
}

// endingSeed is that of the walks, which with the same number of steps go the same way.
func endingSeed() string {
	if text := os.Getenv(envDiffSeed); text != "" {
		return text
	}
	return "1"
}

// setRapid sets flags, and returns what sets them back.
func setRapid(t *testing.T, values map[string]string) (restore func()) {
	t.Helper()
	before := map[string]string{}
	for name, value := range values {
		before[name] = flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for name, value := range before {
			if err := flag.Set(name, value); err != nil {
				t.Error(err)
			}
		}
	}
}

func endingSteps(t *testing.T) (steps int, all bool) {
	t.Helper()
	text := os.Getenv(envEndingSteps)
	if text == "" {
		return 2000, false
	}
	steps, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", envEndingSteps, err)
	}
	return steps, true
}

// endingPairs are the Djangos, or the newest one, with every engine that can end
// sessions; those with rows on every database.
func endingPairs(t *testing.T, all bool) (list []pairing) {
	t.Helper()
	versions := testenv.Djangos(t)
	if !all {
		versions = versions[len(versions)-1:]
	}
	for _, version := range versions {
		cache, rows := "redis", testenv.SQLiteDatabase
		if version < "4" {
			cache = "memcached" // Django has had Redis since 4.0
		} else {
			list = append(list, pairing{version: version, engine: "cache", cache: "redis", db: rows(t)})
		}
		list = append(
			list, pairing{version: version, engine: "cache", cache: "memcached", db: rows(t)},
			pairing{version: version, engine: "file", db: rows(t)},
			pairing{version: version, engine: "cached_db", cache: cache, db: rows(t)},
		)
		for _, db := range testenv.Databases(t) {
			list = append(list, pairing{version: version, engine: "db", db: db})
		}
	}
	return list
}

// An endingWalk is a pair that is in flight.
type endingWalk struct {
	*endingSites
	steps, walks, passwords int
	taken                   map[string]int
}

// An endingStep is one step of a walk.
type endingStep struct {
	*rapid.T
	*endingWalk
	*endingModel
}

// run is one walk, with two new users, five browsers and one secret key.
func (w *endingWalk) run(t *rapid.T) {
	w.walks++
	w.begin(t)
	m := &endingModel{lists: w.p.cache != "memcached" || w.p.engine != "cache", secret: w.key, oldest: w.key}
	s := &endingStep{T: t, endingWalk: w, endingModel: m}
	defer s.leave()
	for i := range m.users {
		m.users[i] = s.newUser([]string{"anna", "bertram"}[i])
	}
	for _, name := range []string{"owner's desk", "owner's phone", "thief's desk", "thief's phone", "library"} {
		m.clients = append(m.clients, &endingClient{name: name})
	}
	steps, order := map[string]func(*rapid.T){}, rapid.Uint64().Draw(t, "order")
	for name, action := range endingActions {
		for n := range action.often {
			steps[shuffledBy(order, w.p, name, n)] = func(t *rapid.T) {
				s := &endingStep{T: t, endingWalk: w, endingModel: m}
				w.steps++
				w.taken[name]++
				action.run(s)
				s.checkUsers()
			}
		}
	}
	s.crowd()
	t.Repeat(steps)
	s.checkAll(true)
	s.checkLists()
	s.useLinks()
}

// shuffledBy returns an action another place among the actions of each walk, since rapid
// prefers the first ones.
func shuffledBy(order uint64, p pairing, name string, n int) string {
	h := fnv.New64a()
	fmt.Fprint(h, order, p, name, n)
	return fmt.Sprintf("%016x %s", h.Sum64(), name)
}

// newUser is a user of this walk.
func (s *endingStep) newUser(name string) *endingUser {
	s.Helper()
	u := &endingUser{name: fmt.Sprintf("%s%d", name, s.walks), active: true}
	for _, who := range []string{"home", "thief", "evil"} {
		u.addresses = append(u.addresses, fmt.Sprintf("%s@%s.example", who, u.name))
	}
	u.email, u.password = u.addresses[0], s.newPassword()
	given := auth.NewUser{Username: u.name, Email: u.email, Password: u.password}
	user, err := s.site.Auth.CreateUser(s.t.Context(), given)
	if err != nil {
		s.Fatalf("%v", err)
	}
	u.id = user.ID
	return u
}

// leave removes the sessions of the walk, over which the next one would walk.
func (s *endingStep) leave() {
	for _, t := range s.tickets {
		if err := s.own.store.Delete(s.t.Context(), t.key); err != nil {
			s.t.Errorf("%v", err)
		}
	}
}
