package conformance_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// memcached2038 is the entry of docs/django-differences.md about ends that
// memcached does not know.
const memcached2038 = "memcached-2038"

// TestMemcachedFarEnds: memcached takes relative lifetimes up to 30 days, and
// beyond them times in 32 bits. Up to 2038 Django and Coatcheck store the same;
// past it a session of Django's is gone at once, and one of Coatcheck's is there
// for both.
func TestMemcachedFarEnds(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		w := newWalk(t, pairing{version: version, engine: "cache", cache: "memcached", db: testenv.SQLiteDatabase(t)})
		last := time.Unix(1<<31-1, 0)
		for _, c := range []struct {
			name string
			end  time.Duration
			kept [2]bool // of Django's, of Coatcheck's
		}{
			{"30 days", 30 * 24 * time.Hour, [2]bool{true, true}},
			{"31 days", 31 * 24 * time.Hour, [2]bool{true, true}},
			{"a day before the last time", time.Until(last) - 24*time.Hour, [2]bool{true, true}},
			{"a day after it", time.Until(last) + 24*time.Hour, [2]bool{false, true}},
			{"200 years", 200 * 365 * 24 * time.Hour, [2]bool{false, true}},
		} {
			for i, want := range c.kept {
				one := newWorld(t, w, "far-")
				one.send(w.side(i), 0, http.MethodPost, "/twin/session/", fields{"item": "kept"})
				one.send(w.side(i), 0, http.MethodPost, "/twin/expiry/", fields{"expiry": int64(c.end / time.Second)})
				for reader := range 2 {
					seen := one.send(w.side(reader), 0, http.MethodGet, "/twin/whoami/", nil)
					body, _ := seen.Body.(map[string]any)
					session, _ := body["session"].(map[string]any)
					if got := session["item"] == "kept"; got != want {
						t.Errorf("%s, written by side %d, read by side %d: kept is %v (%s)", c.name, i, reader, got, memcached2038)
					}
				}
			}
		}
	})
}
