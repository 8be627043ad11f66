package memcached

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// TestExpiration: never a time that memcached would take for another, now and
// when the last of its times is near or past.
func TestExpiration(t *testing.T) {
	const day = 24 * time.Hour
	const thirty = int32(30 * 24 * 60 * 60)
	for _, c := range []struct {
		now      string
		lifetime time.Duration
		want     int32
	}{
		{"2026-01-01", 0, 1},
		{"2026-01-01", 14 * day, 14 * 24 * 60 * 60},
		{"2026-01-01", 30 * day, thirty},
		{"2026-01-01", 31 * day, int32(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC).Unix())},
		{"2026-01-01", 20 * 365 * day, math.MaxInt32},
		{"2026-01-01", math.MaxInt64, math.MaxInt32},
		{"2038-01-01", 60 * day, thirty},
		{"2038-01-01", 14 * day, 14 * 24 * 60 * 60},
		{"2040-01-01", 60 * day, thirty},
	} {
		synctest.Test(t, func(t *testing.T) {
			now, err := time.Parse(time.DateOnly, c.now)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(now))
			if got := expiration(c.lifetime); got != c.want {
				t.Errorf("%s, %v: %d, want %d", c.now, c.lifetime, got, c.want)
			}
		})
	}
}
