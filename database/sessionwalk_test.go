package database_test

import (
	"fmt"
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

func TestSessionsAfter(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		want := map[string]bool{}
		for n := range 25 {
			key := fmt.Sprintf("walk%028d", n)
			want[key] = true
			must(t, db.InsertSession(ctx, database.Session{Key: key, Data: "x", Expires: noon.Add(time.Duration(n/10) * time.Hour)}))
		}
		var last database.Session
		for rounds := 0; ; rounds++ {
			batch, err := db.SessionsAfter(ctx, last, 4)
			must(t, err)
			if len(batch) == 0 {
				break
			}
			for _, s := range batch {
				if !want[s.Key] {
					t.Errorf("%q comes twice", s.Key)
				}
				delete(want, s.Key)
			}
			if last = batch[len(batch)-1]; rounds > 10 {
				t.Fatal("the walk has no end")
			}
		}
		if len(want) > 0 {
			t.Errorf("left out: %v", want)
		}
	})
}

// A walk goes forward and ends, however other programs spell the times, and sees each
// session once.
func TestSessionsAfterOddTimes(t *testing.T) {
	spellings := map[string][]string{
		"sqlite": {
			"'2030-01-02 03:04:05+00:00'", "'2030-01-02T03:04:05Z'", "'2030-01-02T03:04:05.678901+00:00'",
			"'soon'", "x'ff'", "1900000000", "'2030-01-02 03:04:05.678901999'",
		},
		"postgres": {"'infinity'", "'-infinity'", "'2030-01-02 03:04:05+02'", "'294276-01-01 00:00:00+00'"},
		"mysql":    {"'9999-12-31 23:59:59.999999'", "'2030-01-02 03:04:05'"},
	}
	eachDB(t, func(t *testing.T, db *database.DB) {
		rows := 0
		for i, spelling := range spellings[db.Engine()] {
			for n := range 10 {
				rows++
				_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(
					"INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('odd%029d', 'x', %s)", 10*i+n, spelling))
				must(t, err)
			}
		}
		seen := map[string]bool{}
		var last database.Session
		for rounds := 0; ; rounds++ {
			batch, err := db.SessionsAfter(t.Context(), last, 3)
			must(t, err)
			if len(batch) == 0 {
				break
			}
			for _, s := range batch {
				seen[s.Key] = true
			}
			if last = batch[len(batch)-1]; rounds > rows {
				t.Fatalf("the walk has no end: %d of %d rows seen", len(seen), rows)
			}
		}
		if len(seen) < rows-20 { // numbers and early times sort before the beginning, what is no text behind the end
			t.Errorf("%d of %d rows seen", len(seen), rows)
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
