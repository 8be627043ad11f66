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
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// envWalkSteps is how many steps each pair walks. Without it the newest two
// Djangos walk about two thousand together.
const envWalkSteps = "COATCHECK_WALK_STEPS"

// stepsOfWalk is about how many steps one walk has; then another starts anew.
const stepsOfWalk = 40

// A pairing is a Django and a Coatcheck on the same stores.
type pairing struct {
	version, engine, cache string
	db                     testenv.Database // of the users, and of the rows
}

func (p pairing) String() string {
	return strings.TrimSpace(fmt.Sprintf("Django %s %s %s %s", p.version, p.db.Engine, p.engine, p.cache))
}

// TestWalks drives Django and Coatcheck over the same stores through random
// sequences of what users and operators do. There are two worlds, with users and
// browsers of their own: a step that Django takes in one, Coatcheck takes in the
// other. After each step, all that can be seen must be the same in both worlds:
// the response, what either side says of the session and its user, and the row.
func TestWalks(t *testing.T) {
	t.Parallel()
	steps, long := walkSteps(t)
	flags := map[string]int{"rapid.checks": max(1, steps/stepsOfWalk), "rapid.steps": stepsOfWalk, "rapid.nofailfile": 1, "rapid.seed": 1}
	if text := os.Getenv(envDiffSeed); text != "" {
		seed, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", envDiffSeed, err)
		}
		flags["rapid.seed"] = seed
	}
	for name, value := range flags {
		if err := flag.Set(name, strconv.Itoa(value)); err != nil {
			t.Fatal(err)
		}
	}
	var lock sync.Mutex
	var done []string
	var total, different atomic.Int64
	t.Run("all", func(t *testing.T) {
		for _, p := range pairings(t, long) {
			t.Run(p.String(), func(t *testing.T) {
				t.Parallel()
				w := newWalk(t, p)
				t.Cleanup(func() {
					total.Add(w.steps)
					if t.Failed() {
						different.Add(1)
					}
					lock.Lock()
					defer lock.Unlock()
					done = append(done, fmt.Sprintf("%s: %d steps %v", p, w.steps, w.taken))
				})
				rapid.Check(t, w.run)
			})
		}
	})
	slices.Sort(done)
	t.Logf("versions x engines x databases: %d pairs, %d steps of seed %d, %d pairs with differences\n%s",
		len(done), total.Load(), flags["rapid.seed"], different.Load(), strings.Join(done, "\n"))
}

func walkSteps(t *testing.T) (steps int, long bool) {
	t.Helper()
	text := os.Getenv(envWalkSteps)
	if text == "" {
		return 5 * stepsOfWalk, false
	}
	steps, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", envWalkSteps, err)
	}
	return steps, true
}

// pairings are those of `make test`, or all: each engine that keeps rows on every
// database, the others on none.
func pairings(t *testing.T, all bool) []pairing {
	t.Helper()
	versions := testenv.Djangos(t)
	if !all {
		versions = versions[max(0, len(versions)-2):]
	}
	var list []pairing
	for _, version := range versions {
		cache := "redis"
		if version < "4" {
			cache = "memcached" // Django has had Redis since 4.0
		} else {
			list = append(list, pairing{version: version, engine: "cache", cache: "redis", db: testenv.SQLiteDatabase(t)})
		}
		for _, engine := range []string{"file", "signed_cookies"} {
			list = append(list, pairing{version: version, engine: engine, db: testenv.SQLiteDatabase(t)})
		}
		list = append(list, pairing{version: version, engine: "cache", cache: "memcached", db: testenv.SQLiteDatabase(t)})
		for _, db := range testenv.Databases(t) {
			list = append(list, pairing{version: version, engine: "db", db: db})
		}
		for i, db := range testenv.Databases(t) {
			if all || i == 0 {
				list = append(list, pairing{version: version, engine: "cached_db", cache: cache, db: db})
			}
		}
	}
	return list
}

// A walk is a pairing that is in flight.
type walk struct {
	t      *testing.T
	p      pairing
	django *twin
	own    *walkOwn
	steps  int64
	taken  map[string]int
	walks  int
	keys   []string
	worlds [2]*world
}

func newWalk(t *testing.T, p pairing) *walk {
	t.Helper()
	w := &walk{t: t, p: p, taken: map[string]int{}}
	var cache walkCache
	switch p.cache {
	case "redis":
		cache.redis = testenv.Redis(t)
	case "memcached":
		cache.memcached = testenv.Memcached(t)
	}
	cache.prefix = strings.NewReplacer(".", "", " ", "_").Replace(p.String())
	dir := t.TempDir()
	w.own = newWalkOwn(t, p, cache, dir)
	settings := append(cache.settings(), "SESSION_FILE_PATH="+dir, "SESSION_ENGINE=django.contrib.sessions.backends."+p.engine, fmt.Sprintf("PBKDF2_ITERATIONS=%d", walkIterations))
	w.django = newTwin(t, p.version, p.db, settings...)
	w.django.Start()
	if id := walkDifferences[p.engine]; id != "" && !w.ended(t) {
		t.Errorf("%s: the difference %s is none any more", p, id)
	}
	return w
}

// side is one of the two by its number.
func (w *walk) side(n int) side { return []side{w.django, w.own}[n] }

// run is one walk, from two new worlds on.
func (w *walk) run(t *rapid.T) {
	w.walks++
	for i := range w.worlds {
		w.worlds[i] = newWorld(t, w, fmt.Sprintf("w%d-%d-", w.walks, i))
	}
	w.setKeys([]string{secretKey})
	passwords := []string{"a first password", "a second password"}
	anna := &walkStep{T: t, walk: w, passwords: passwords}
	anna.signUp()
	steps := map[string]func(*rapid.T){}
	for name, step := range walkActions {
		if step.onlyRows && w.p.engine != "db" || step.since > w.p.version {
			continue
		}
		steps[w.shuffled(name)] = func(t *rapid.T) {
			s := &walkStep{
				T: t, walk: w, passwords: passwords, side: rapid.IntRange(0, 1).Draw(t, "side"),
				browser: rapid.IntRange(0, 1).Draw(t, "browser"), user: rapid.IntRange(0, 1).Draw(t, "user"),
			}
			step.run(s)
			w.taken[name]++
			w.steps++
			s.look()
		}
	}
	t.Repeat(steps)
}

// shuffled returns a step another place among the steps of each pairing, so that the
// same seed does not walk the same way for all.
func (w *walk) shuffled(name string) string {
	h := fnv.New32a()
	fmt.Fprint(h, w.p, name)
	return fmt.Sprintf("%08x %s", h.Sum32(), name)
}

// setKeys changes the keys of both sides, as if they had been started again.
func (w *walk) setKeys(keys []string) {
	w.own.use(keys)
	w.keys = keys
	b := newBrowser(w.t)
	b.wants(b.post(w.django.URL("/twin/keys/"), fields{"keys": keys}), 200)
}
