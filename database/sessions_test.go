package database_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

const key = "1k6veecjl7k7pso6s6czga1v6shad1ss"

// session is a session that ends an hour after moment.
func session(key, data string) database.Session {
	return database.Session{Key: key, Data: data, Expires: moment.Add(time.Hour)}
}

func TestSessionComesBackAsItWas(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		for i, want := range []database.Session{
			session(key, "eyJhIjoxfQ:1xVaHr:MtMlgPmS0BdHoDwbMrniJHUmIEYokinnby8418dC06k"),
			session("short", ""),
			session(strings.Repeat("k", 40), strings.Repeat("a_-.:", 200_000)),
			session("quote'\"\\%", `data with ' " \ % _ ? $1 :x and 日本𝒳`),
			{Key: "whole", Data: "x", Expires: moment.Truncate(time.Second)},
			{Key: "far", Data: "x", Expires: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
		} {
			must(t, db.InsertSession(ctx, want))
			got, err := db.SessionByKey(ctx, want.Key, moment.Truncate(time.Second).Add(-time.Microsecond))
			if err != nil {
				t.Errorf("%d: %v", i, err)
				continue
			}
			if got.Key != want.Key || got.Data != want.Data || !got.Expires.Equal(want.Expires) || got.Expires.Location() != time.UTC {
				t.Errorf("%d: got %q, %d bytes, until %v", i, got.Key, len(got.Data), got.Expires)
			}
		}
	})
}

func TestSessionExpiresToTheMicrosecond(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		whole := moment.Truncate(time.Second)
		for i, end := range []time.Time{moment, whole, whole.Add(100 * time.Microsecond), whole.Add(999999 * time.Microsecond)} {
			key := fmt.Sprintf("expiring%d", i)
			must(t, db.InsertSession(ctx, database.Session{Key: key, Data: "x", Expires: end}))
			for _, now := range []struct {
				at    time.Time
				alive bool
			}{
				{end.Add(-time.Microsecond), true},
				{end, false},
				{end.Add(time.Microsecond), false},
				{end.Add(999 * time.Nanosecond), false},
				{end.Add(-time.Hour), true},
				{end.Add(-time.Microsecond).In(time.FixedZone("east", 50_000)), true},
				{end.Add(time.Microsecond).In(time.FixedZone("west", -40_000)), false},
			} {
				_, err := db.SessionByKey(ctx, key, now.at)
				if alive := err == nil; alive != now.alive || err != nil && !errors.Is(err, database.ErrNotFound) {
					t.Errorf("until %v at %v: %v", end, now.at, err)
				}
			}
			if found, err := db.SessionExists(ctx, key); !found || err != nil { // expired or not
				t.Errorf("SessionExists = %v, %v", found, err)
			}
		}
	})
}

// A key matches byte for byte, on MySQL too, and a key that no column can hold
// is simply not there.
func TestSessionKeysThatDoNotMatch(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		stored := session(key, "data")
		must(t, db.InsertSession(ctx, stored))
		for _, other := range []string{
			"", strings.ToUpper(key), "1K" + key[2:], key + " ", " " + key, key + "\x00", key[:31], key + "s", key[:31] + "ş",
			"\x00", "\xff", "\xed\xa0\x80", "a\xc3", "'", `"`, `\`, "%", "_", key + "' OR '1'='1", strings.Repeat("x", 1<<20),
		} {
			if got, err := db.SessionByKey(ctx, other, moment); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("SessionByKey(%.50q) = %v, %v", other, got, err)
			}
			if found, err := db.SessionExists(ctx, other); found || err != nil {
				t.Errorf("SessionExists(%.50q) = %v, %v", other, found, err)
			}
			if err := db.DeleteSession(ctx, other); err != nil {
				t.Errorf("DeleteSession(%.50q): %v", other, err)
			}
			changed := stored
			changed.Key, changed.Data = other, "changed"
			err := db.UpdateSession(ctx, changed, "data")
			if !errors.Is(err, database.ErrNotFound) && !errors.Is(err, database.ErrInvalid) {
				t.Errorf("UpdateSession(%.50q): %v", other, err)
			}
		}
		if got, err := db.SessionByKey(ctx, key, moment); err != nil || got.Data != "data" {
			t.Errorf("the stored session is gone or changed: %v", err)
		}
	})
}

func TestInsertSessionThatExists(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		must(t, db.InsertSession(ctx, session(key, "first")))
		expired := database.Session{Key: "expired", Data: "first", Expires: moment.Add(-time.Hour)}
		must(t, db.InsertSession(ctx, expired))
		for _, s := range []database.Session{session(key, "second"), expired} {
			err := db.InsertSession(ctx, s)
			if !errors.Is(err, database.ErrDuplicate) || strings.Contains(err.Error(), s.Key) && s.Key == key {
				t.Errorf("InsertSession: %v", err)
			}
		}
		if got, err := db.SessionByKey(ctx, key, moment); err != nil || got.Data != "first" {
			t.Errorf("the first one is gone or changed: %v", err)
		}
		for _, bad := range []database.Session{
			session("", "x"), session("a\x00b", "x"), session("\xff", "x"), session(strings.Repeat("k", 41), "x"),
			session("nul", "x\x00"), session("utf8", "\xff"),
			{Key: "late", Data: "x", Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
			{Key: "never", Data: "x", Expires: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
		} {
			if err := db.InsertSession(ctx, bad); !errors.Is(err, database.ErrInvalid) {
				t.Errorf("InsertSession(%.20q, %.20q): %v", bad.Key, bad.Data, err)
			}
		}
	})
}

func TestUpdateSession(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		must(t, db.InsertSession(ctx, session(key, "data")))
		for _, step := range []struct {
			data, loaded string
			want         error
		}{
			{"next", "DATA", database.ErrConflict}, // bytes, not letters
			{"next", "data ", database.ErrConflict},
			{"next", "", database.ErrConflict},
			{"data", "data", nil}, // nothing changes: not a lost session
			{"data", "data", nil},
			{"next", "data", nil},
			{"last", "data", database.ErrConflict},
			{"", "next", nil},
			{"last", "", nil},
			{"x\x00", "last", database.ErrInvalid},
			{"x", "last\x00", database.ErrInvalid},
		} {
			if err := db.UpdateSession(ctx, session(key, step.data), step.loaded); !errors.Is(err, step.want) {
				t.Errorf("%q from %q: %v, want %v", step.data, step.loaded, err, step.want)
			}
		}
		// Expired and still there: it comes back to life, as in Django.
		must(t, db.UpdateSession(ctx, database.Session{Key: key, Data: "old", Expires: moment.Add(-time.Hour)}, "last"))
		must(t, db.UpdateSession(ctx, session(key, "alive"), "old"))
		if got, err := db.SessionByKey(ctx, key, moment); err != nil || got.Data != "alive" {
			t.Errorf("after all: %v", err)
		}
		// Gone: it stays gone.
		must(t, db.DeleteSession(ctx, key))
		must(t, db.DeleteSession(ctx, key))
		if err := db.UpdateSession(ctx, session(key, "back"), "alive"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("update after delete: %v", err)
		}
		if n := count(t, db, "django_session"); n != 0 {
			t.Errorf("%d rows came back", n)
		}
	})
}

func TestDeleteExpiredSessions(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		must(t, db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
			for i := range 1300 {
				s := session(fmt.Sprintf("key%d", i), "x")
				if i < 1203 {
					s.Expires = moment.Add(-time.Duration(i+1) * time.Minute)
				}
				if err := tx.InsertSession(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}))
		must(t, db.InsertSession(ctx, database.Session{Key: "now", Data: "x", Expires: moment})) // neither read nor deleted
		for _, step := range []struct {
			limit int
			want  int64
		}{{3, 3}, {600, 600}, {0, 600}, {0, 0}, {5, 0}} {
			got, err := db.DeleteExpiredSessions(ctx, moment, step.limit)
			if err != nil || got != step.want {
				t.Fatalf("limit %d: %d, %v, want %d", step.limit, got, err, step.want)
			}
			if step.limit == 3 { // the longest expired went first
				for i, want := range map[int]bool{1202: false, 1200: false, 1199: true, 0: true} {
					if found, err := db.SessionExists(ctx, fmt.Sprintf("key%d", i)); found != want || err != nil {
						t.Errorf("key%d: %v, %v", i, found, err)
					}
				}
			}
		}
		if n := count(t, db, "django_session"); n != 98 {
			t.Errorf("%d rows are left, want 98", n)
		}
	})
}

func TestSessionPrintsNoSecret(t *testing.T) {
	s := session("canary-key", "canary-data")
	type holder struct{ S database.Session }
	marshalled, err := json.Marshal(s)
	must(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "p", &s)
	texts := []string{string(marshalled), log.String(), s.String(), s.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, holder{s}))
	}
	for _, text := range texts {
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("prints %s", text)
		}
	}
}
