package own_test

import (
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/throttle/throttletest"
)

func TestThrottle(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			where := e.fresh(t)
			var nodes []throttle.Store
			for range 2 {
				nodes = append(nodes, own.New(e.opened(t, where)).Throttle())
			}
			throttletest.TestStore(t, func(*testing.T) []throttle.Store { return nodes })
		})
	}
}

// TestThrottleClock checks the times to the microsecond, and that a row whose
// budget is whole counts for nothing and is deleted.
func TestThrottleClock(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		now := noon
		s := db.At(func() time.Time { return now }).Throttle()
		name, limit := throttle.NewNames("key").Name("test", "a"), throttle.Limit{Burst: 2, Every: time.Minute}
		wants := func(want time.Duration) {
			t.Helper()
			if got, err := s.Take(t.Context(), name, limit); got != want || err != nil {
				t.Fatalf("the wait is %v, %v, want %v", got, err, want)
			}
		}
		deletes := func(want int64) {
			t.Helper()
			if n, err := db.DeleteIdleThrottles(t.Context(), now, 0); n != want || err != nil {
				t.Fatalf("%d rows deleted, %v, want %d", n, err, want)
			}
		}
		wants(0)
		wants(0)
		wants(time.Minute)
		now = now.Add(time.Minute - time.Microsecond)
		wants(time.Microsecond)
		now = now.Add(time.Microsecond)
		wants(0)
		wants(time.Minute)
		deletes(0)
		now = now.Add(2*time.Minute + time.Second)
		deletes(0) // whole, but not for long
		wants(0)
		wants(0)
		wants(time.Minute)
		now = now.Add(4 * time.Minute)
		deletes(1)
		wants(0)
	})
}

// TestDeleteIdleThrottles: the limit holds, and what is not whole stays.
func TestDeleteIdleThrottles(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		now := noon
		s, names := db.At(func() time.Time { return now }).Throttle(), throttle.NewNames("key")
		limit := throttle.Limit{Burst: 3, Every: time.Second}
		for i := range 20 {
			if _, err := s.Take(t.Context(), names.Name("test", string(rune('a'+i))), limit); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Hour)
		if _, err := s.Take(t.Context(), names.Name("test", "fresh"), limit); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ limit, want int }{{7, 7}, {0, 13}, {0, 0}} {
			if n, err := db.DeleteIdleThrottles(t.Context(), now, step.limit); n != int64(step.want) || err != nil {
				t.Errorf("%d rows deleted, %v, want %d", n, err, step.want)
			}
		}
	})
}
