package database_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

const otherKey = "9z6veecjl7k7pso6s6czga1v6shad1ss"

func TestMoveSession(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		must(t, db.InsertSession(ctx, session(key, "data")))
		must(t, db.InsertSession(ctx, session("taken", "theirs")))
		for _, step := range []struct {
			old, key, data, loaded string
			want                   error
		}{
			{key, otherKey, "next", "DATA", database.ErrConflict}, // bytes, not letters
			{key, otherKey, "next", "", database.ErrConflict},
			{key, "taken", "next", "data", database.ErrDuplicate},
			{strings.ToUpper(key), otherKey, "next", "data", database.ErrNotFound},
			{"", otherKey, "next", "data", database.ErrNotFound},
			{"a\x00b", otherKey, "next", "data", database.ErrNotFound},
			{key, "", "next", "data", database.ErrInvalid},
			{key, otherKey, "next", "data\x00", database.ErrInvalid},
			{key, otherKey, "next", "data", nil},
			{key, "third", "next", "data", database.ErrNotFound},
			{otherKey, key, "next", "next", nil}, // and back, with the same data
		} {
			err := db.MoveSession(ctx, step.old, session(step.key, step.data), step.loaded)
			if !errors.Is(err, step.want) {
				t.Errorf("%q to %q from %q: %v, want %v", step.old, step.key, step.loaded, err, step.want)
			}
			if err != nil && step.want == database.ErrDuplicate && strings.Contains(err.Error(), step.key) {
				t.Errorf("the error shows the key: %v", err)
			}
		}
		if got, err := db.SessionByKey(ctx, key, moment); err != nil || got.Data != "next" {
			t.Errorf("the session: %v", err)
		}
		if got, err := db.SessionByKey(ctx, "taken", moment); err != nil || got.Data != "theirs" {
			t.Errorf("the session whose key was wanted: %v", err)
		}
		if n := count(t, db, "django_session"); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
		must(t, db.DeleteSession(ctx, key))
		if err := db.MoveSession(ctx, key, session(otherKey, "x"), "next"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("a move of a deleted row: %v", err)
		}
	})
}

// TestRaceMoveSession: of many moves of one row one succeeds, and there is one row.
func TestRaceMoveSession(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		must(t, db[0].InsertSession(ctx, session(key, "data")))
		var moved atomic.Int32
		together(8, func(i int) {
			err := db[i%len(db)].MoveSession(ctx, key, session(fmt.Sprintf("moved%d", i), "data"), "data")
			switch {
			case err == nil:
				moved.Add(1)
			case !errors.Is(err, database.ErrNotFound):
				t.Errorf("move %d: %v", i, err)
			}
		})
		if n := count(t, db[0], "django_session"); n != 1 || moved.Load() != 1 {
			t.Errorf("%d moves succeeded, %d rows", moved.Load(), n)
		}
	})
}

// walk collects the keys of live sessions in pieces.
func walk(t *testing.T, db *database.DB, piece int) (keys []string) {
	t.Helper()
	for after := ""; ; {
		rows, err := db.WalkSessions(t.Context(), after, moment, piece)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Data != "of "+row.Key {
				t.Errorf("%q has the data %q", row.Key, row.Data)
			}
			keys = append(keys, row.Key)
		}
		if len(rows) < piece {
			return keys
		}
		if after = rows[piece-1].Key; len(keys) > 1000 {
			t.Fatal("the walk does not end")
		}
	}
}

// TestWalkSessions: a walk sees each session that has not expired once, whatever
// the order in which the database sorts keys of mixed case.
func TestWalkSessions(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		var want []string
		for i := range 40 {
			name := fmt.Sprintf("%c%02dKey_é-%c", 'a'+i%7, i, 'Z'-i%5)
			if i%2 == 0 {
				name = strings.ToUpper(name)
			}
			want = append(want, name)
			must(t, db.InsertSession(ctx, session(name, "of "+name)))
			must(t, db.InsertSession(ctx, database.Session{Key: "old" + name, Data: "x", Expires: moment}))
		}
		slices.Sort(want)
		for _, piece := range []int{1, 3, 500} {
			got := walk(t, db, piece)
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("in pieces of %d: %q, want %q", piece, got, want)
			}
		}
	})
}

// TestWalkSessionsOddDates: in SQLite any text may be in expire_date, and other databases have
// dates beyond all others. A walk goes forward and ends.
func TestWalkSessionsOddDates(t *testing.T) {
	far := moment.Add(24 * time.Hour).UTC()
	odd := map[string]struct {
		dates []any
		alive []string // as SessionByKey finds them
	}{
		"sqlite": {[]any{ // "9" becomes a number there, which is less than any text
			far.Format(time.RFC3339), "9", "tomorrow", 5, "", 2.5, far.Format("2006-01-02 15:04:05"), far.Format("2006-01-02T15:04:05"),
			far.Format("2006-01-02 15:04:05.000000"), far.Format("2006-01-02 15:04:05-07:00"), far.Format("2006-01-02T15:04:05.999Z"),
		}, []string{"odd00", "odd02", "odd06", "odd07", "odd08", "odd09", "odd10"}},
		"postgres": {[]any{"infinity", "-infinity", "2999-01-02 03:04:05+02", "294276-01-01 00:00:00+00"}, []string{"odd00", "odd02", "odd03"}},
		"mysql":    {[]any{"9999-12-31 23:59:59.999999", "1000-01-01 00:00:00"}, []string{"odd00"}},
	}
	eachDB(t, func(t *testing.T, db *database.DB) {
		of := odd[db.Engine()]
		for i, date := range of.dates {
			statement := "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?, ?, ?)"
			if db.Engine() == "postgres" {
				statement = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ($1, $2, $3::text::timestamptz)"
			}
			name := fmt.Sprintf("odd%02d", i)
			_, err := db.SQL().ExecContext(t.Context(), statement, name, "of "+name, date)
			must(t, err)
		}
		if got := walk(t, db, 1); !slices.Equal(got, of.alive) {
			t.Errorf("walked %q, want %q", got, of.alive)
		}
	})
}
