package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 5000, time.UTC)

// must1 checks what a method reports.
func must1(t testing.TB, want bool) func(bool, error) {
	return func(got bool, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
}

func TestSessionKeys(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		put := func(key string, expires time.Time) {
			must(t, db.InsertSession(ctx, database.Session{Key: key, Data: "x", Expires: expires}))
		}
		put("abcdefgh0000000000000000000000zz", noon.Add(time.Hour))
		put("abcdefgh9zzzzzzzzzzzzzzzzzzzzzzz", noon.Add(time.Hour))
		put("abcdefgh111111111111111111111111", noon.Add(-time.Hour))
		put("abcdefgi000000000000000000000000", noon.Add(time.Hour))
		keys, err := db.SessionKeys(ctx, "abcdefgh", noon)
		must(t, err)
		if len(keys) != 2 || !strings.HasPrefix(keys[0], "abcdefgh") || keys[0] == keys[1] {
			t.Errorf("keys: %q", keys)
		}
		for _, bad := range []string{"", "abc", "abcdefg%", "ABCDEFGH", "abcdefg_", strings.Repeat("a", 41)} {
			if keys, err := db.SessionKeys(ctx, bad, noon); err != nil || len(keys) != 0 {
				t.Errorf("%q: %q, %v", bad, keys, err)
			}
		}
	})
}

func TestReplaceEmail(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		u := user(t, db, "joe")
		must1(t, true)(db.ReplaceEmail(ctx, u.ID, "", "Joe@example.com"))
		must1(t, false)(db.ReplaceEmail(ctx, u.ID, "joe@example.com", "x@example.com"))
		must1(t, false)(db.ReplaceEmail(ctx, "999", "", "x@example.com"))
		must1(t, true)(db.ReplaceEmail(ctx, u.ID, "Joe@example.com", "new@example.com"))
		if got, err := db.UserByID(ctx, u.ID); err != nil || got.Email != "new@example.com" {
			t.Errorf("%v, %v", got, err)
		}
	})
}
